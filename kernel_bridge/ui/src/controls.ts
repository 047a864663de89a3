import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, IToolbarWidgetRegistry, Notification, showDialog } from '@jupyterlab/apputils';
import { isCodeCellModel } from '@jupyterlab/cells';
import { NotebookPanel } from '@jupyterlab/notebook';

import { PlaceControl } from './control';
import { IReason } from './decision';
import { IDecisions } from './decisions';
import { Policy } from './metadata';
import { placeOf } from './place';
import { ISelector } from './selector';
import { readSettings } from './settings';
import { ISwitch } from './switching';

/** Puts the control into each notebook's toolbar; `schema/plugin.json` says where in it. */
export const controls: JupyterFrontEndPlugin<void> = {
  id: 'porter-kernel-bridge:control',
  description: 'Where a notebook runs, in its toolbar.',
  autoStart: true,
  requires: [IToolbarWidgetRegistry, IDecisions, ISelector, ISwitch],
  activate: (
    _: JupyterFrontEnd,
    toolbars: IToolbarWidgetRegistry,
    decisions: IDecisions,
    selector: ISelector,
    moves: ISwitch
  ): void => {
    if (readSettings()) {
      toolbars.addFactory<NotebookPanel>('Notebook', 'porter-place', panel =>
        control(panel, { decisions, selector, moves })
      );
    }
  }
};

interface IParts {
  decisions: IDecisions;
  selector: ISelector;
  moves: ISwitch;
}

function control(panel: NotebookPanel, parts: IParts): PlaceControl {
  const { decisions, selector, moves } = parts;
  let moving = false;
  const widget = new PlaceControl(() => placeOf(panel, moving, parts), {
    pick: policy => void pick(panel, policy, parts),
    show: reason => void show(panel, reason)
  });
  const update = () => widget.update();
  const session = panel.sessionContext;
  session.kernelChanged.connect(update, widget);
  session.statusChanged.connect(update, widget);
  session.connectionStatusChanged.connect(update, widget);
  session.specsManager.specsChanged.connect(update, widget);
  selector.changed.connect(update, widget);
  decisions.changed.connect((_, model) => model === panel.model && update(), widget);
  moves.changed.connect((_, move) => {
    if (move.panel.context === panel.context) {
      moving = move.switched === null && !moving;
      update();
    }
  }, widget);
  void panel.context.ready.then(() => {
    panel.model?.metadataChanged.connect(update, widget);
    update();
  });
  return widget;
}

/** Give a notebook another policy, and move it to where that says. */
async function pick(panel: NotebookPanel, policy: Policy, parts: IParts): Promise<void> {
  const { selector, moves } = parts;
  const before = selector.policy(panel);
  selector.setPolicy(panel, policy);
  const { side } = await selector.choose(panel);
  if (moves.side(panel) === side) {
    return;
  }
  if (running(panel) && !(await mayEnd())) {
    selector.setPolicy(panel, before);
    return;
  }
  try {
    await moves.to(panel, side, { cause: 'person', message: 'it was chosen' });
  } catch (error) {
    selector.setPolicy(panel, before);
    Notification.error(`The notebook stays where it is: ${String(error)}`);
  }
}

/** Whether a cell runs: a kernel is busy with other things, too. */
function running({ model }: NotebookPanel): boolean {
  const cells = [...(model?.cells ?? [])];
  return cells.some(cell => isCodeCellModel(cell) && cell.executionState === 'running');
}

async function mayEnd(): Promise<boolean> {
  const asked = await showDialog({
    title: 'Move while a cell runs?',
    body: 'The cell that runs now is ended by it.',
    buttons: [Dialog.cancelButton({ label: 'Stay' }), Dialog.warnButton({ label: 'Move' })]
  });
  return asked.button.accept;
}

/** Go to the cell and the line that a reason is of. */
async function show({ content }: NotebookPanel, reason: IReason): Promise<void> {
  const byId = content.widgets.findIndex(({ model }) => model.id === reason.id);
  const index = byId >= 0 ? byId : (reason.cell ?? 0);
  const cell = content.widgets[index];
  if (!cell) {
    return;
  }
  content.activeCellIndex = index;
  await content.scrollToCell(cell, 'center');
  await cell.ready;
  content.mode = 'edit';
  cell.editor?.setCursorPosition({ line: Math.max(reason.line - 1, 0), column: 0 });
  cell.editor?.focus();
}
