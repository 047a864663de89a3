import { caretDownEmptyIcon, LabIcon, ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';

import { browserIcon, serverIcon } from './icons';
import { Policy } from './metadata';
import { amiss, IPlace, told } from './place';
import { IReason } from './decision';
import { Popup } from './popup';
import { Verdict } from './verdict';

/** What somebody does with the control. */
export interface IActions {
  pick(policy: Policy): void;
  show(reason: IReason): void;
}

/** The control in a notebook's toolbar: where it is to run, where it runs, and why. */
export class PlaceControl extends ReactWidget {
  constructor(
    private readonly look: () => IPlace,
    private readonly actions: IActions
  ) {
    super();
    this.addClass('porter-Place');
  }

  protected override render(): JSX.Element {
    return <Place place={this.look()} actions={this.actions} />;
  }
}

const CHOICES: readonly { policy: Policy; label: string; title: string }[] = [
  { policy: 'auto', label: 'Auto', title: 'In the browser where it can, else on the server' },
  { policy: 'browser', label: 'Browser', title: 'In this browser tab; nothing is reserved' },
  { policy: 'server', label: 'Server', title: 'On the Jupyter server' }
];

function Place({ place, actions }: { place: IPlace; actions: IActions }): JSX.Element {
  return (
    <>
      <Choices place={place} pick={policy => actions.pick(policy)} />
      <Popup
        name="porter-Place-chip"
        label={`${told(place)}. Why it runs there`}
        chip={<Chip place={place} />}
      >
        {close => (
          <Verdict
            place={place}
            show={reason => {
              close();
              actions.show(reason);
            }}
          />
        )}
      </Popup>
    </>
  );
}

/**
 * *Auto · Browser · Server*.
 *
 * Arrows move the focus alone, as in WAI-ARIA's radio groups of toolbars: a choice moves a kernel.
 */
function Choices({ place, pick }: { place: IPlace; pick(policy: Policy): void }): JSX.Element {
  const buttons = React.useRef<(HTMLButtonElement | null)[]>([]);
  const checked = CHOICES.findIndex(({ policy }) => policy === place.policy);
  const [focus, setFocus] = React.useState(checked);
  React.useEffect(() => setFocus(checked), [checked]);
  const moving = place.phase === 'moving';
  const keys = (event: React.KeyboardEvent) => {
    const step = STEPS[event.key];
    if (step !== undefined) {
      // JupyterLab's toolbar moves among its own items else.
      event.preventDefault();
      event.stopPropagation();
      const next = (focus + step + CHOICES.length) % CHOICES.length;
      setFocus(next);
      buttons.current[next]?.focus();
    }
  };
  return (
    <div
      role="radiogroup"
      aria-label="Where this notebook runs"
      aria-busy={moving}
      className="porter-Place-choices"
      onKeyDown={keys}
    >
      {CHOICES.map(({ policy, label, title }, index) => {
        const away = policy !== 'auto' && !place.there.has(policy);
        return (
          <button
            key={policy}
            ref={button => (buttons.current[index] = button)}
            type="button"
            role="radio"
            aria-checked={index === checked}
            aria-disabled={away || moving}
            tabIndex={index === focus ? 0 : -1}
            title={away ? `${label}: no kernel can be started there` : title}
            onFocus={() => setFocus(index)}
            onClick={() => !away && !moving && pick(policy)}
          >
            {label}
          </button>
        );
      })}
    </div>
  );
}

const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowUp: -1,
  ArrowRight: 1,
  ArrowDown: 1
};

function Chip({ place }: { place: IPlace }): JSX.Element {
  const icon: LabIcon = place.running === 'server' ? serverIcon : browserIcon;
  return (
    <>
      <span className="porter-Place-sign" data-phase={place.phase} data-amiss={amiss(place)}>
        <icon.react tag="span" />
      </span>
      <span className="porter-Place-told">{told(place)}</span>
      <caretDownEmptyIcon.react tag="span" />
    </>
  );
}
