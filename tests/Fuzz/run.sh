#!/usr/bin/env bash
# Fuzzes one reader guided by coverage: tests/Fuzz/run.sh FORMAT MINUTES
# Needs AFL++ (Debian: apt-get install afl++). Finds lie in artifacts/fuzz/FORMAT/default/crashes and …/hangs afterwards,
# the figures in …/fuzzer_stats. The program is built and instrumented once; delete artifacts/fuzz/app after a change.
set -euo pipefail
cd "$(dirname "$0")/../.."
format=${1:?format} minutes=${2:?minutes}
root=$PWD/artifacts/fuzz
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

if [ ! -e "$root/app/instrumented" ]; then
  rm -rf "$root/app"
  dotnet publish tests/Fuzz/Harness -c Release -o "$root/app" -v q -m:1 --no-restore
  dotnet "$root/app/AmcEngine.Fuzz.dll" dictionaries "$root"
  [ -x "$root/tool/sharpfuzz" ] || dotnet tool install SharpFuzz.CommandLine --version 2.3.0 --tool-path "$root/tool"
  "$root/tool/sharpfuzz" "$root/app/AmcEngine.Engine.dll" AmcEngine.Serialization
  "$root/tool/sharpfuzz" "$root/app/AmcEngine.Model.dll" AmcEngine.Model.Tokenization
  "$root/tool/sharpfuzz" "$root/app/AmcEngine.DataTools.dll"
  "$root/tool/sharpfuzz" "$root/app/amcx.dll" AmcEngine.Amc.Configuration AmcEngine.Amc.Training
  "$root/tool/sharpfuzz" "$root/app/YamlDotNet.dll"
  touch "$root/app/instrumented"
fi

rm -rf "${root:?}/$format"
# The runtime reserves far more memory than it uses, so the limit is that of its heap. Processors are left to the system.
export DOTNET_GCHeapHardLimit=0x40000000 DOTNET_TieredPGO=0
export AFL_FORKSRV_INIT_TMOUT=300000 AFL_SKIP_BIN_CHECK=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_NO_UI=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1
afl-fuzz -i "tests/Fuzz/Corpus/$format" -o "$root/$format" -x "$root/$format.dict" -t 10000 -m none -V $((minutes * 60)) \
  dotnet "$root/app/AmcEngine.Fuzz.dll" "$format" > "$root/$format.log" 2>&1 || { tail -20 "$root/$format.log" >&2; exit 1; }
grep -E '^(run_time|execs_done|execs_per_sec|corpus_count|edges_found|bitmap_cvg|saved_crashes|saved_hangs|stability)' "$root/$format/default/fuzzer_stats"
