"""What a person does at a notebook, for probes that do more than run a cell."""

import re

from driving import PATIENCE, WIDGET, Desk
from playwright.sync_api import Error

from parities.model import Act

KERNEL = f"{WIDGET}.sessionContext.session?.kernel"
MOST = 100


def begin(desk: Desk, index: int) -> None:
    """Run a cell, and come back at once."""
    desk.page.evaluate(
        f"""index => {{
            {WIDGET}.content.activeCellIndex = index;
            window.ended = false;
            const run = window.jupyterapp.commands.execute('notebook:run-cell');
            void run.catch(() => undefined).then(() => {{ window.ended = true; }});
        }}""",
        index,
    )


def end(desk: Desk) -> None:
    """Wait until the cell that was begun has ended."""
    desk.page.wait_for_function("window.ended", timeout=PATIENCE)


def run(desk: Desk, index: int) -> None:
    begin(desk, index)
    end(desk)


def line(text: str) -> str:
    """A text on one line, without what is no word: colours, addresses, paths."""
    text = re.sub(r"\x1b\[[\d;]*m|0x[0-9a-f]{6,}", "", text)
    return " ".join(text.replace("`", "'").split())[:MOST]


def told(desk: Desk, index: int) -> str:
    """What a cell shows."""
    return line(desk.text(index))


def runs(desk: Desk, index: int, probe_cells: int) -> str:
    """What the last of a probe's cells shows, once all have run."""
    for cell in range(index, index + probe_cells):
        run(desk, cell)
    return told(desk, index + probe_cells - 1)


def shown(count: int, *cells: int) -> Act:
    """Runs so many cells, and tells what some of them show then."""

    def act(desk: Desk, index: int) -> str:
        runs(desk, index, count)
        return ", ".join(told(desk, index + cell) for cell in cells)

    return act


def says(*words: str) -> Act:
    """Whether a cell's text has each of some words."""

    def act(desk: Desk, index: int) -> str:
        run(desk, index)
        return str(all(word in desk.text(index) for word in words))

    return act


def raises(desk: Desk, index: int) -> str:
    """The name of a cell's error."""
    run(desk, index)
    return str(desk.outputs(index)[-1].get("ename", "nothing"))


def interrupts(desk: Desk, index: int) -> str:
    """The error of a cell that is interrupted once it has said `on`."""
    begin(desk, index)
    desk.await_text(index, "on")
    desk.execute("notebook:interrupt-kernel")
    end(desk)
    return str(desk.outputs(index)[-1].get("ename", "goes on to its end"))


def asks(*answers: tuple[str, str]) -> Act:
    """Answers each question of a cell, known by its prompt; tells kinds of boxes, then the cell."""

    def act(desk: Desk, index: int) -> str:
        begin(desk, index)
        boxes = []
        for prompt, answer in answers:
            asked = desk.page.locator(".jp-Stdin", has_text=prompt).last
            box = asked.locator(".jp-Stdin-input")
            box.wait_for(timeout=PATIENCE)
            boxes.append(box.get_attribute("type") or "text")
            box.fill(answer)
            box.press("Enter")
        end(desk)
        return f"{', '.join(boxes)}: {line(desk.text(index).splitlines()[-1])}"

    return act


def debugs(desk: Desk, index: int) -> str:
    """Looks at a variable in the debugger, after an error."""
    run(desk, index)
    answered = asks(("ipdb>", "p 40 + x"), ("ipdb>", "q"))(desk, index + 1)
    return f"{answered.partition(':')[0]}: {'40' in desk.text(index + 1).split()}"


def kinds(desk: Desk, index: int) -> str:
    """The media types of a cell's outputs, and the names of its streams."""
    run(desk, index)
    found = []
    for output in desk.outputs(index):
        if output["output_type"] == "stream":
            found.append(output["name"])
        else:
            found += sorted(set(output.get("data", {"error": 0})) - {"text/plain"}) or [
                "text/plain"
            ]
    return ", ".join(found)


def asked(method: str, content: str, wanted: str) -> Act:
    """What the kernel answers a request, seen through an expression of `m`."""

    def act(desk: Desk, index: int) -> str:
        run(desk, index)
        code = f"{KERNEL}.{method}({content}).then(m => String({wanted}))"
        try:
            return line(str(desk.page.evaluate(code)))
        except Error as error:
            return line(str(error))

    return act


def debugger(desk: Desk, _index: int) -> str:
    """Whether the kernel says that JupyterLab's debugger can be used."""
    code = f"{KERNEL}.info.then(info => (info.supported_features ?? []).includes('debugger'))"
    return str(desk.page.evaluate(code))


def streams(desk: Desk, index: int) -> str:
    """Sees what a cell prints, and only then makes the file that the cell waits for."""
    begin(desk, index)
    desk.await_text(index, "first")
    notebook = desk.lab.folder / str(desk.page.evaluate(f"{WIDGET}.context.path"))
    (notebook.parent / "seen").touch()
    end(desk)
    return "while the cell runs"


def fails(desk: Desk, index: int) -> str:
    """An error's name, its message, and which of two functions its traceback shows."""
    run(desk, index)
    error = desk.outputs(index)[-1]
    shown = re.sub(r"\x1b\[[\d;]*m", "", " ".join(error["traceback"]))
    frames = [name for name in ("outer", "inner") if f"{name}()" in shown]
    return f"{error['ename']}: {error['evalue']}; shows {' and '.join(frames)}"


def restarts(desk: Desk, index: int) -> str:
    """Whether a name is there after a restart."""
    run(desk, index)
    desk.restart()
    desk.await_kernel(desk.kernel)
    run(desk, index + 1)
    return told(desk, index + 1)


def begins_anew(desk: Desk, index: int) -> bool:
    """Run a cell that ends its kernel; whether JupyterLab begins another by itself."""
    begin(desk, index)
    dialog = "document.querySelector('.jp-Dialog')"
    shown = f"{WIDGET}?.content.widgets[{index}].model.outputs.length > 0"
    desk.page.wait_for_function(f"{dialog} !== null || ({shown})", timeout=PATIENCE)
    if desk.page.evaluate(f"{dialog} === null"):
        return False
    desk.page.locator(".jp-Dialog-footer button").click()
    desk.await_kernel(desk.kernel)
    return True


def dies(desk: Desk, index: int) -> str:
    """What a person is told of a kernel that died."""
    if begins_anew(desk, index):
        return "begins anew"
    desk.page.wait_for_function(f"{KERNEL}.status === 'dead'", timeout=PATIENCE)
    desk.restart()
    desk.await_kernel(desk.kernel)
    return f"{desk.outputs(index)[-1]['ename']}, begins anew when asked"


def exits(desk: Desk, index: int) -> str:
    """What becomes of a kernel that is to exit."""
    return "begins anew" if begins_anew(desk, index) else told(desk, index)


def evaluates(desk: Desk, _index: int) -> str:
    """What a request's `user_expressions` come back as."""
    code = (
        f"{KERNEL}.requestExecute({{code: 'z = 3', user_expressions: {{a: 'z + 1'}}}}).done"
        ".then(m => m.content.user_expressions?.a?.data['text/plain'] ?? '')"
    )
    return str(desk.page.evaluate(code))


def pictures(desk: Desk, index: int) -> str:
    """A picture's data, as the page has them."""
    run(desk, index)
    return str(desk.outputs(index)[-1]["data"].get("image/png"))


def draws(desk: Desk, index: int) -> str:
    """Whether a figure is in the cell, or why not."""
    run(desk, index)
    last = desk.outputs(index)[-1]
    return line(last.get("evalue") or ", ".join(sorted(set(last["data"]) - {"text/plain"})))


def slides(desk: Desk, index: int) -> str:
    """Moves a slider with a key, and shows what Python saw."""
    run(desk, index)
    handle = desk.page.locator(".noUi-handle").last
    handle.press("ArrowRight")
    desk.page.wait_for_function(f"{KERNEL}.status === 'idle'")
    run(desk, index + 1)
    return told(desk, index + 1)


def moved(desk: Desk, index: int) -> str:
    """Where a slider stands once Python has moved it."""
    run(desk, index)
    readout = desk.page.locator(".widget-readout").last
    desk.page.wait_for_function(
        "n => [...document.querySelectorAll('.widget-readout')].at(-1).textContent === n", arg="40"
    )
    return readout.inner_text()


def interacts(desk: Desk, index: int) -> str:
    """What a function printed before and after its slider moved."""
    run(desk, index)
    shown = desk.page.locator(".jupyter-widgets.widget-interact, .widget-interact").last
    shown.get_by_text("twice 4").wait_for()
    shown.locator(".noUi-handle").press("ArrowRight")
    shown.get_by_text("twice 6").wait_for()
    return line(shown.locator(".jp-OutputArea").inner_text())


def holds(desk: Desk, index: int) -> str:
    """What an Output widget shows."""
    run(desk, index)
    shown = desk.page.locator(".jp-Cell.jp-mod-active .jp-Cell-outputWrapper", has_text="in side")
    return line(shown.inner_text())


def sends(desk: Desk, index: int) -> str:
    """Sends bytes to Python by a comm."""
    run(desk, index)
    desk.page.evaluate(
        f"""async () => {{
            const comm = {KERNEL}.createComm('mine');
            await comm.open().done;
            await comm.send({{}}, {{}}, [new Uint8Array([97, 98]).buffer]).done;
        }}"""
    )
    run(desk, index + 1)
    return told(desk, index + 1)


def loads(desk: Desk, index: int) -> str:
    """The first line of a cell after `%load`."""
    run(desk, index)
    source = desk.page.evaluate(f"{WIDGET}.content.widgets[{index}].model.sharedModel.getSource()")
    return line(str(source).splitlines()[0])


def refuses(desk: Desk, index: int) -> str:
    """Whether a cell fails."""
    run(desk, index)
    return "an error" if desk.outputs(index)[-1]["output_type"] == "error" else "text"
