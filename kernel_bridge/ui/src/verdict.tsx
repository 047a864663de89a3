import React from 'react';

import { IReason, KernelDecision } from './decision';
import { IPlace, sized } from './place';
import { ISwitched } from './switching';

interface IProps {
  place: IPlace;
  show(reason: IReason): void;
}

/** Where a notebook can run and why, where it runs, and what its last move was. */
export function Verdict({ place, show }: IProps): JSX.Element {
  const { decision, last } = place;
  return (
    <>
      <div className="porter-Verdict-head" data-verdict={decision?.verdict ?? 'none'}>
        <h2>{titled(decision)}</h2>
        {decision && <p>{Math.round(decision.confidence * 100)}% certain</p>}
      </div>
      <p className="porter-Verdict-now">{now(place)}</p>
      {decision && <Reasons decision={decision} show={show} />}
      {decision && <Changes decision={decision} />}
      {decision && <Footprint decision={decision} />}
      {last && <Last last={last} />}
    </>
  );
}

function titled(decision: KernelDecision | null): string {
  switch (decision?.verdict) {
    case 'browser':
      return 'It can run in the browser';
    case 'server':
      return 'It needs a server';
    case 'unknown':
      return 'Nobody can tell where it can run';
    default:
      return 'There is no verdict';
  }
}

const BY = {
  language: 'only Python runs in browsers',
  availability: 'no kernel can be started on the other side',
  policy: 'it was chosen',
  cell: 'a cell is marked for the server',
  empty: 'there is no code in it yet',
  decision: 'the verdict says so',
  memory: 'the verdict that it was saved with says so',
  nothing: 'there is no verdict'
};

/** Where it runs now, in sentences. */
function now({ running, kernel, decision, opened, last }: IPlace): string {
  const told: string[] = [];
  if (running === 'browser') {
    told.push(`${kernel} runs in this tab. Another tab on this notebook has a kernel of its own.`);
  } else if (running === 'server') {
    told.push(`${kernel} runs on the server. All tabs on this notebook share it.`);
  } else {
    told.push('No kernel runs.');
  }
  if (running !== null && !last && opened) {
    told.push(`It was opened there because ${BY[opened.by]}.`);
  }
  if (!decision) {
    told.push('The server that decides cannot be reached, or knows no index of wheels.');
  }
  return told.join(' ');
}

function Reasons({ decision, show }: { decision: KernelDecision; show: IProps['show'] }) {
  // What decides stands before what only warns; else they are in the order of the cells.
  const weight = ({ severity }: IReason) => (severity === 'warning' ? 1 : 0);
  const reasons = [...decision.reasons].sort((one, other) => weight(one) - weight(other));
  if (reasons.length === 0) {
    return <p className="porter-Verdict-none">Nothing in it speaks against a browser.</p>;
  }
  return (
    <section>
      <h3>Why</h3>
      <ul className="porter-Verdict-reasons">
        {reasons.map((reason, index) => (
          <li key={index} data-severity={reason.severity}>
            {reason.cell === null ? (
              <span className="porter-Verdict-place">The notebook</span>
            ) : (
              <button type="button" className="porter-Verdict-place" onClick={() => show(reason)}>
                {placed(reason)}
              </button>
            )}
            <Text text={reason.message} />
            {reason.advice && (
              <span className="porter-Verdict-advice">
                <Text text={reason.advice} />
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What would change the verdict, but for what is said with the reasons. */
function Changes({ decision: { changes, reasons } }: { decision: KernelDecision }) {
  const told = new Set(reasons.map(({ advice }) => advice));
  const others = changes.filter(change => !told.has(change));
  if (others.length === 0) {
    return null;
  }
  return (
    <section>
      <h3>What would change it</h3>
      <ul>
        {others.map(change => (
          <li key={change}>
            <Text text={change} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** A text whose parts between backticks are code. */
function Text({ text }: { text: string }): JSX.Element {
  const parts = text.split('`');
  const code = (index: number) => index % 2 === 1 && index < parts.length - 1;
  return (
    <span>
      {parts.map((part, index) => (code(index) ? <code key={index}>{part}</code> : part))}
    </span>
  );
}

function placed({ cell, line }: IReason): string {
  const number = `Cell ${(cell ?? 0) + 1}`;
  return line > 0 ? `${number}, line ${line}` : number;
}

function Footprint({ decision }: { decision: KernelDecision }): JSX.Element {
  const { footprint, requirements, platform } = decision;
  const { low, high, download, data } = footprint;
  const rows = [
    ['Memory', low === high ? sized(high) : `${sized(low)} to ${sized(high)}`],
    ['Data', data > 0 ? sized(data) : 'none'],
    ['Wheels', wheels(requirements.length, download)],
    ['Pyodide', platform]
  ];
  return (
    <section>
      <h3>What it takes</h3>
      <dl>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function wheels(count: number, download: number): string {
  const size = download > 0 ? `, ${sized(download)}` : '';
  return count === 0 ? 'none' : `${count}${size}`;
}

function Last({ last }: { last: ISwitched }): JSX.Element {
  const { from, to, why, seconds, carried, replayed, left } = last;
  const side = (name: string) => (name === 'browser' ? 'the browser' : 'the server');
  const did = [
    `${carried.length} ${carried.length === 1 ? 'variable' : 'variables'} carried over`,
    ...(replayed > 0 ? [`${replayed} ${replayed === 1 ? 'cell' : 'cells'} run again`] : [])
  ];
  return (
    <section>
      <h3>Last move</h3>
      <p>
        From {side(from)} to {side(to)} in {seconds.toFixed(1)} s: {why.message}. {did.join(', ')}.
      </p>
      {left.length > 0 && (
        <ul>
          {left.map(({ name, reason }) => (
            <li key={name}>
              <code>{name}</code> stayed behind: {reason}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
