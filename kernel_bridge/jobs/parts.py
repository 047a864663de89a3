"""A task of a job: some chunks → files of Parquet in the staging folder. Runs on a worker.

One chunk is in memory at a time. A task that is run twice writes the same files.
"""

import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from kernel_bridge.jobs.errors import JobFailed
from kernel_bridge.jobs.model import Form
from kernel_bridge.jobs.plan import Input, Part, Plan

MOST_PARTITIONS = 1024
# Files that one task holds open: each has a row group in memory.
OPEN_FILES = 64
# The end of a stream of Arrow IPC, a message of no length.
END = b"\xff\xff\xff\xff\0\0\0\0"


def write_parts(plan: Plan, number: int, inputs: Sequence[Input]) -> list[Part]:
    """Write the files of one task; raises JobFailed, Stopped.

    `number` is the task's, and part of its files' names.
    """
    # Brings pandas with it, which a server that only takes chunks in has no need of.
    import pyarrow.dataset as ds  # type: ignore[import-untyped]

    schema = read_schema(plan.schema)
    written: list[ds.WrittenFile] = []
    try:
        ds.write_dataset(
            _batches(plan, schema, inputs),
            plan.staging / "data",
            schema=schema,
            format=(parquet := ds.ParquetFileFormat()),
            file_options=parquet.make_write_options(compression=plan.compression),
            partitioning=_partitioning(plan, schema),
            basename_template=f"{plan.prefix}-{number:05}-{{i}}.parquet",
            existing_data_behavior="overwrite_or_ignore",
            use_threads=False,
            max_partitions=MOST_PARTITIONS,
            max_open_files=OPEN_FILES,
            file_visitor=written.append,
        )
    except pa.ArrowException as error:
        raise JobFailed(
            f"the dataset cannot be written: {error}",
            advice="see the columns' types, and that no partition has more than"
            f" {MOST_PARTITIONS} values",
        ) from error
    except OSError as error:
        raise JobFailed(
            f"{plan.root} cannot be written to: {error}",
            advice="ask those who run the server about the target",
        ) from error
    return [_part(plan, Path(file.path), file.metadata.num_rows) for file in written]


def read_schema(data: bytes) -> pa.Schema:
    """The schema of a stream of Arrow IPC; raises JobFailed where it is none."""
    try:
        with pa.ipc.open_stream(data) as reader:
            return reader.schema.remove_metadata()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise JobFailed(
            f"the schema cannot be read: {error}", advice="send a stream of Arrow IPC"
        ) from error


def read_chunk(form: Form, data: bytes, *, head: bytes = b"") -> Iterator[pa.RecordBatch]:
    """The batches of one chunk's bytes; raises pyarrow's errors.

    `head` is a stream without batches: what a piece that is not the first lacks.
    """
    if form is not Form.PARQUET:
        data = head.removesuffix(END) + data
        with pa.ipc.open_stream(data) as reader:
            yield from reader
    else:
        with pq.ParquetFile(io.BytesIO(data)) as file:
            yield from file.iter_batches()


def schema_of_chunk(form: Form, path: Path) -> bytes:
    """The schema of a chunk, as a stream of Arrow IPC; raises JobFailed."""
    try:
        if form is not Form.PARQUET:
            with pa.ipc.open_stream(path.read_bytes()) as reader:
                schema = reader.schema
        else:
            schema = pq.read_schema(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise JobFailed(f"the first chunk cannot be read: {error}") from error
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema.remove_metadata()):
        pass
    return bytes(sink.getvalue())


def _batches(plan: Plan, schema: pa.Schema, inputs: Sequence[Input]) -> Iterator[pa.RecordBatch]:
    for one in inputs:
        plan.check_wanted()
        try:
            data = one.path.read_bytes()
            if hashlib.sha256(data).hexdigest() != one.sha256:
                raise JobFailed(
                    f"{one.path.name} has changed on the server's disk",
                    advice="run the cell again",
                )
            later = plan.form is Form.PIECES and not one.path.name.startswith("0.")
            for batch in read_chunk(plan.form, data, head=plan.schema if later else b""):
                plain = batch.replace_schema_metadata(None)
                if not plain.schema.equals(schema):
                    raise JobFailed(
                        f"chunk {one.path.name.partition('.')[0]} has other columns or types than"
                        f" the upload: {_difference(plain.schema, schema)}",
                        advice="send chunks of one frame, all of one schema",
                    )
                yield plain
        except (pa.ArrowException, ValueError) as error:
            raise JobFailed(
                f"chunk {one.path.name.partition('.')[0]} is no {plan.form}: {error}",
                advice="send each chunk in the form that was told",
            ) from error


def _difference(found: pa.Schema, wanted: pa.Schema) -> str:
    if found.names != wanted.names:
        return f"{', '.join(found.names[:8])} in place of {', '.join(wanted.names[:8])}"
    pairs = zip(found, wanted, strict=True)
    return next(f"{a.name} is {a.type}, not {b.type}" for a, b in pairs if not a.equals(b))


def _partitioning(plan: Plan, schema: pa.Schema) -> Any:
    import pyarrow.dataset as ds

    if not plan.partition:
        return None
    fields = pa.schema([schema.field(name) for name in plan.partition])
    return ds.partitioning(fields, flavor="hive")


def _part(plan: Plan, path: Path, rows: int) -> Part:
    with path.open("rb") as file:
        os.fsync(file.fileno())
        size = os.fstat(file.fileno()).st_size
    return Part(path=path.relative_to(plan.staging / "data").as_posix(), rows=rows, bytes=size)
