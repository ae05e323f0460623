# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for memtrace(8)

_memtrace_pids() {
	local dir
	for dir in /proc/[0-9]*; do
		echo "${dir#/proc/}"
	done
}

_memtrace() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local columns="name count growth peak peak-rss gained returned own self foreign anon file
		shmem swap faults time"
	local i word

	COMPREPLY=()
	# Behind -- it is COMMAND that completes.
	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} == -- ]] || continue
		if declare -F _command_offset >/dev/null; then
			_command_offset $((i + 1))
		elif ((COMP_CWORD == i + 1)); then
			mapfile -t COMPREPLY < <(compgen -c -- "$cur")
		else
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		fi
		return
	done

	# --color=WHEN comes as three words.
	[[ $cur == = ]] && cur=""
	[[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD - 2]}

	case $prev in
	-w | --window)
		mapfile -t COMPREPLY < <(compgen -W "marker marker: func: usdt: python: java:gc php:request \
			postgres:query postgres:sort postgres:transaction python:gc python:import ruby:gc" -- "$cur")
		return
		;;
	-p)
		mapfile -t COMPREPLY < <(compgen -W "$(_memtrace_pids)" -- "$cur")
		return
		;;
	--json | --csv | --ready-file)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--columns)
		# The last one of a list with commas.
		word=""
		[[ $cur == *,* ]] && word=${cur%,*},
		compopt -o nospace 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -P "$word" -W "$columns" -- "${cur##*,}")
		return
		;;
	--sort)
		[[ ${COMP_WORDS[1]} == top ]] &&
			columns="pid user rss peak rate swap command name count open growth time"
		mapfile -t COMPREPLY < <(compgen -W "$columns" -- "$cur")
		return
		;;
	--by)
		mapfile -t COMPREPLY < <(compgen -W "process comm cgroup user thread" -- "$cur")
		return
		;;
	--color)
		mapfile -t COMPREPLY < <(compgen -W "auto always never" -- "$cur")
		return
		;;
	--user)
		mapfile -t COMPREPLY < <(compgen -u -- "$cur")
		return
		;;
	-d | --duration | -n | --top)
		return
		;;
	esac

	word="--window --all --no-follow --list-windows --duration --user --json --csv --windows --by --columns --sort --top
		--bytes --color --quiet --ready-file --strict --verbose --help --usage --version"
	((COMP_CWORD == 1)) && [[ $cur != -* ]] && word="top doctor -- -p -a"
	mapfile -t COMPREPLY < <(compgen -W "$word" -- "$cur")
}

complete -F _memtrace memtrace
