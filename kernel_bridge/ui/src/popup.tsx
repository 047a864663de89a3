import React from 'react';
import { createPortal } from 'react-dom';

/** Pixels between the popup and what is around it. */
const GAP = 4;
const EDGE = 12;
const WIDTH = 400;

interface IProps {
  name: string;
  label: string;
  /** What the popup is about. */
  title: string;
  chip: React.ReactNode;
  children(close: () => void): React.ReactNode;
}

/**
 * A button that shows what is in it below it.
 *
 * HTML's popover: Escape and a click elsewhere close it, and the focus goes back to the button. It
 * is no part of the toolbar, which would take its keys.
 */
export function Popup({ name, label, title, chip, children }: IProps): JSX.Element {
  const button = React.useRef<HTMLButtonElement>(null);
  const popup = React.useRef<HTMLDivElement>(null);
  const [open, setOpen] = React.useState(false);
  React.useEffect(() => {
    const node = popup.current!;
    const turned = (event: Event) => {
      const opens = (event as ToggleEvent).newState === 'open';
      if (event.type === 'beforetoggle') {
        if (opens) {
          put(node, button.current!);
        }
        return;
      }
      setOpen(opens);
    };
    node.addEventListener('beforetoggle', turned);
    node.addEventListener('toggle', turned);
    return () => {
      node.removeEventListener('beforetoggle', turned);
      node.removeEventListener('toggle', turned);
    };
  }, []);
  // Once its content is there: the next Tab is to find that.
  React.useEffect(() => void (open && popup.current?.focus()), [open]);
  const id = React.useId();
  // React 18 knows none of these attributes, and hands them on as they are.
  const target = { popovertarget: id };
  const popover = { popover: 'auto' };
  return (
    <>
      <button
        ref={button}
        type="button"
        className={name}
        aria-label={label}
        aria-haspopup="dialog"
        aria-expanded={open}
        {...target}
      >
        {chip}
      </button>
      {createPortal(
        <div
          ref={popup}
          id={id}
          role="dialog"
          aria-label={title}
          tabIndex={-1}
          className="porter-Popup"
          {...popover}
        >
          {open && children(() => popup.current?.hidePopover())}
        </div>,
        document.body
      )}
    </>
  );
}

/** Put the popup below its button, within the window. */
function put(popup: HTMLElement, button: HTMLElement): void {
  const { right, bottom } = button.getBoundingClientRect();
  const width = Math.min(WIDTH, window.innerWidth - 2 * EDGE);
  const left = Math.min(Math.max(right - width, EDGE), window.innerWidth - width - EDGE);
  Object.assign(popup.style, {
    left: `${left}px`,
    top: `${bottom + GAP}px`,
    width: `${width}px`,
    maxHeight: `${window.innerHeight - bottom - GAP - EDGE}px`
  });
}
