"""Probes of files."""

from parities import acting
from parities.model import SERVER, Group, Probe, caught

FILES = Group(
    "Files",
    [
        Probe(
            "write and read",
            [
                "import os, pathlib, shutil\nprint(open('a.txt', 'w').write('abc'), open('a.txt').read())"
            ],
        ),
        Probe(
            "append",
            ["with open('a.txt', 'a') as file:\n    file.write('d')\nprint(open('a.txt').read())"],
        ),
        Probe(
            "read what another has flushed and not closed",
            [
                "file = open('b.txt', 'w')\nfile.write('abc')\nfile.flush()\nprint(open('b.txt').read(), os.path.getsize('b.txt'))\nfile.close()"
            ],
        ),
        Probe(
            "seek, and cut short",
            [
                "with open('c.bin', 'w+b') as file:\n    file.write(b'12345')\n    file.seek(1)\n    file.write(b'xx')\n    file.truncate(4)\nprint(open('c.bin', 'rb').read())"
            ],
        ),
        Probe(
            "remove a file that is open",
            [
                "file = open('b.txt')\nos.remove('b.txt')\nprint(file.read(), os.path.exists('b.txt'))\nfile.close()\nprint(os.path.exists('b.txt'))"
            ],
        ),
        Probe(
            "replace a file",
            [
                "open('d.txt', 'w').write('d')\nos.replace('d.txt', 'a.txt')\nprint(open('a.txt').read(), os.path.exists('d.txt'))"
            ],
        ),
        Probe(
            "folders: make, list, walk, remove",
            [
                "os.makedirs('one/two')\npathlib.Path('one/two/x.txt').write_text('x')\nprint(os.listdir('one'), [path.name for path in sorted(pathlib.Path('one').rglob('*'))])\nshutil.rmtree('one')\nprint(os.path.exists('one'))"
            ],
        ),
        Probe(
            "names that are not ASCII",
            [
                "open('ü ß.txt', 'w').write('é')\nprint(open('ü ß.txt').read(), 'ü ß.txt' in os.listdir())"
            ],
        ),
        Probe("a file that is not there", [caught("open('no.txt')")]),
        Probe(
            "a folder for a file, and a file for a folder",
            ["os.mkdir('empty')\n" + caught("open('empty')"), caught("open('a.txt/x')")],
            act=acting.shown(2, 0, 1),
        ),
        Probe(
            "remove a folder that is not empty",
            [
                "open('empty/x', 'w').close()\ntry:\n    os.rmdir('empty')\nexcept OSError as error:\n    print(error.strerror)"
            ],
        ),
        Probe(
            "the numbers of `errno`",
            ["import errno\nprint(errno.ENOENT, errno.ENOTEMPTY)"],
            note="compare with `errno.ENOENT`, or catch `FileNotFoundError`",
        ),
        Probe(
            "`sqlite3` in a file: two connections",
            [
                "import sqlite3\none = sqlite3.connect('f.db')\none.execute('CREATE TABLE t (a)')\none.execute('INSERT INTO t VALUES (1)')\none.commit()\nprint(sqlite3.connect('f.db').execute('SELECT a FROM t').fetchall())\none.close()\nprint(sqlite3.connect('f.db').execute('SELECT count(*) FROM t').fetchone())"
            ],
        ),
        Probe(
            "`tempfile`",
            [
                "import tempfile\nwith tempfile.NamedTemporaryFile() as file:\n    file.write(b'1')\n    file.flush()\n    print(open(file.name).read())"
            ],
        ),
        Probe(
            "the folder's name",
            ["print(os.getcwd().startswith('/drive'))"],
            note="the server's folder is `/drive`; write paths relative to the notebook",
        ),
        Probe(
            "a file above the server's folder",
            ["print(os.path.exists('/etc/hostname'))"],
            note="a browser has the files of JupyterLab's folder, and none of the machine's",
        ),
        Probe(
            "a hidden file",
            [caught("print(open('.hidden', 'w').write('x'))")],
            note="JupyterLab refuses them, unless `c.ContentsManager.allow_hidden` is set",
        ),
        Probe(
            "links",
            [caught("os.symlink('a.txt', 'link')\n    print('made')")],
            note="there are none in a browser: copy",
        ),
        Probe(
            "`os.utime`",
            ["os.utime('a.txt', (1, 1))\nprint(os.stat('a.txt').st_mtime == 1)"],
            note="the server keeps its own times",
        ),
        Probe(
            "`mmap` of a file",
            [
                caught(
                    "import mmap\n    with open('c.bin', 'r+b') as file, mmap.mmap(file.fileno(), 0) as held:\n        print(held[:1])"
                )
            ],
            note="read the file",
        ),
        Probe(
            "`fcntl.flock`",
            [
                caught(
                    "import fcntl\n    with open('a.txt') as file:\n        fcntl.flock(file, fcntl.LOCK_EX)\n    print('locked')"
                )
            ],
            note="files are not locked between kernels: " + SERVER,
        ),
        Probe(
            "`shelve`, `dbm`",
            [
                caught(
                    "import shelve\n    with shelve.open('shelf') as shelf:\n        print(len(shelf))"
                )
            ],
            note="use `sqlite3` or a file of JSON",
        ),
    ],
)
