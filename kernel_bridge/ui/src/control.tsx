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
        label={`${told(place)}: show why`}
        title="Where this notebook runs, and why"
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
      <span role="status" className="porter-Place-spoken">
        {told(place)}
      </span>
    </>
  );
}

/**
 * *Auto · Browser · Server*.
 *
 * JupyterLab's toolbar moves the focus among radios as among buttons, by its arrow keys, and a
 * radio that has it is chosen by Space or Enter: a choice moves a kernel.
 */
function Choices({ place, pick }: { place: IPlace; pick(policy: Policy): void }): JSX.Element {
  const moving = place.phase === 'moving';
  return (
    <div
      role="radiogroup"
      aria-label="Where this notebook runs"
      aria-busy={moving}
      className="porter-Place-choices"
    >
      {CHOICES.map(({ policy, label, title }) => {
        const away = policy !== 'auto' && !place.there.has(policy);
        return (
          <button
            key={policy}
            type="button"
            role="radio"
            aria-checked={policy === place.policy}
            aria-disabled={away || moving}
            title={away ? `${label}: no kernel can be started there` : title}
            onClick={() => !away && !moving && pick(policy)}
          >
            {label}
          </button>
        );
      })}
    </div>
  );
}

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
