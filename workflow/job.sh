# Runs a job's command so that Ctrl-C ends it without a word: the terminal sends the signal to every process at once, and
# Python would answer with a traceback wherever it is, in the middle of an import too. What is in the background of a
# shell does not hear it; the shell does, and ends the job by another one.
trap 'kill "${child:-}" 2>/dev/null' INT TERM
"$@" &
child=$!
wait "$child"
status=$?
wait "$child" 2>/dev/null  # where a signal ended the first wait before the job
exit "$status"
