#!/usr/bin/env bash
# Packs the GPU check (bench gpu) with all it needs into one archive: on a machine with a GPU, and without network and
# without .NET, unpack it and start run.sh. Usage: bench/gpu-bundle.sh [OUT.tar.gz]
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
out=$(realpath -m "${1:-gpu-bundle.tar.gz}")
most=$((60 * 1000 * 1000))
fashion=${FASHION_MNIST:-/usr/share/datasets/fashion-mnist}

# For the report; the copy below is no repository.
commit=$(git rev-parse HEAD)$(git diff --quiet HEAD || echo -dirty)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bundle=$work/gpu-bundle
mkdir -p "$bundle"

# From a copy without lock files: they hold the packages of the usual build, not those of a self-contained one.
mkdir "$work/source"
git ls-files -z --cached --others --exclude-standard -- files engine model data-tools amc bench 'Directory.*' .editorconfig |
  grep -zv 'packages\.lock\.json$' | xargs -0 cp --parents -t "$work/source"
# Neither trimmed nor ahead of time nor one file: ILGPU reads the IL of the kernels, and compiles at run time.
dotnet publish "$work/source/bench" -c Release -r linux-x64 --self-contained -o "$bundle/bin" \
  -p:GpuBundle=true -p:SourceRevisionId="$commit" -p:RestorePackagesWithLockFile=false -p:DebugType=none -p:GenerateDocumentationFile=false -v quiet
cp -r configs "$bundle/configs"
mkdir "$bundle/golden"
cp tests/Golden/ops.json tests/Golden/ops.safetensors tests/Golden/albef-tiny.json tests/Golden/albef-tiny*.safetensors "$bundle/golden/"

cat > "$bundle/run.sh" <<'RUN'
#!/usr/bin/env bash
# Checks and measures a GPU; needs its driver, no network, no .NET. Exit code 0: all checks passed.
# Usage: ./run.sh [--device cuda:0] [--out DIR] [--quick] [--minutes N]     The report: DIR/gpu-report.md and DIR/gpu-report.json
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ -n "${FASHION_MNIST:-}" ] || [ ! -d "$here/fashion-mnist" ] || export FASHION_MNIST="$here/fashion-mnist"
chmod +x "$here/bin/AmcEngine.Bench"
exec "$here/bin/AmcEngine.Bench" gpu --golden "$here/golden" --configs "$here/configs" "$@"
RUN
chmod +x "$bundle/run.sh"

# Fashion-MNIST's test pictures serve as training pictures too: the bundle compares devices, and all four files are too
# large for it. Without them the training step runs on generated shapes, and says so.
if [ -d "$fashion" ]; then
  mkdir "$bundle/fashion-mnist"
  cp "$fashion"/t10k-*.gz "$bundle/fashion-mnist/"
  for f in "$bundle"/fashion-mnist/t10k-*.gz; do ln "$f" "${f/t10k-/train-}"; done
fi
tar -C "$work" --owner=0 --group=0 --sort=name -cf - gpu-bundle | gzip -9 > "$work/bundle.tar.gz"
mv "$work/bundle.tar.gz" "$out"
size=$(stat -c %s "$out")
echo "$out: $((size / 1000000)) MB, $([ -d "$bundle/fashion-mnist" ] && echo with || echo without) Fashion-MNIST"
[ "$size" -lt $most ] || { echo "the archive is larger than $((most / 1000000)) MB" >&2; exit 1; }
