"""`picok8s completion bash|zsh`: a script for the shell that completes commands, components and options."""

import argparse

BASH = """_picok8s() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}"
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "{commands}" -- "$word"))
        return
    fi
    case "${{COMP_WORDS[1]}}" in
{cases}
        kubectl)
            COMPREPLY=($(picok8s kubectl __complete "${{COMP_WORDS[@]:2:COMP_CWORD-2}}" "$word" 2>/dev/null |
                sed '/^:/d;s/\\t.*//' | grep -- "^$word"))
            ;;
    esac
}}
complete -F _picok8s picok8s
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=["bash", "zsh"])


def run(args: argparse.Namespace) -> int:
    script = bash()
    if args.shell == "zsh":
        script = "autoload -U +X bashcompinit && bashcompinit\n" + script
    print(script, end="")
    return 0


def bash() -> str:
    import importlib

    from picok8s.cli.main import COMMANDS, PASSED_ON

    shown = [name for name, (_, text) in COMMANDS.items() if text]
    cases = []
    for name in shown:
        if name in PASSED_ON:
            continue
        parser = argparse.ArgumentParser(add_help=True)
        importlib.import_module(f"picok8s.cli.{COMMANDS[name][0]}").arguments(parser)
        words = " ".join(_words(parser))
        cases.append(f'        {name})\n            COMPREPLY=($(compgen -W "{words}" -- "$word"))\n            ;;')
    return BASH.format(commands=" ".join(shown), cases="\n".join(cases))


def _words(parser: argparse.ArgumentParser) -> list[str]:
    words: list[str] = []
    for action in parser._actions:
        words += action.option_strings
        words += [str(choice) for choice in action.choices or ()]
    return words
