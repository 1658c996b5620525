"""Starts a shell on a terminal of its own, types a line and TAB, and waits until the terminal shows some words.

press_tab.py SHELL SCRIPT LINE WORD... : SCRIPT has the completion of dsmip. Ends with status 0 when all words have come.
"""

import os
import pty
import re
import select
import sys
import tempfile
import time

LIMIT_S = 20
PROMPT = "READY> "

shell, script, line, *wanted = sys.argv[1:]
folder = tempfile.mkdtemp()
if shell == "bash":
    arguments = ["bash", "--norc", "--noprofile", "-i"]
    start = f"bind 'set show-all-if-ambiguous on'; bind 'set page-completions off'; bind 'set completion-query-items 0'; source {script}"
else:
    os.symlink(script, f"{folder}/_dsmip")
    arguments = ["zsh", "-f", "-i"]
    start = (
        f"fpath=({folder} $fpath); autoload -U compinit; compinit -u -d {folder}/dump; "
        "LISTMAX=10000; setopt no_beep list_ambiguous"
    )

pid, terminal = pty.fork()
if pid == 0:
    os.environ.update({"TERM": "dumb", "PS1": "", "HOME": folder, "COLUMNS": "200"})
    os.execvp(arguments[0], arguments)

shown = ""


def wait_for(texts):
    global shown
    end = time.monotonic() + LIMIT_S
    while not all(re.search(rf"(^|\s){re.escape(text)}(?=\s|$)", shown) for text in texts):
        if time.monotonic() > end or not select.select([terminal], [], [], end - time.monotonic())[0]:
            sys.exit(f"{texts} not in {shown!r}")
        shown += os.read(terminal, 65536).decode(errors="replace")


os.write(terminal, f"stty rows 200 columns 200; {start}; PS1='{PROMPT}'; echo do''ne\n".encode())
wait_for(["done"])
wait_for([PROMPT.strip()])
shown = ""
os.write(terminal, f"{line}\t".encode())
wait_for(wanted)
os.kill(pid, 9)
