/** Python that webpack hands over as text. */
declare module '*.py' {
  const text: string;
  export default text;
}

/** JavaScript that Python runs in a worker. */
declare module '*/drive.js' {
  const text: string;
  export default text;
}

declare module '*/wheels.js' {
  const text: string;
  export default text;
}
