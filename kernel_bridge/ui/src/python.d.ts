/** Python that webpack hands over as text. */
declare module '*.py' {
  const text: string;
  export default text;
}
