using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using AmcEngine.Bench.Harness;

namespace AmcEngine.Bench.Peers;

/// <summary>
/// PyTorch where it is installed: programs of this project in <c>bench/Peers/Torch</c>, in a process of their own.
/// </summary>
/// <param name="Python">The interpreter that has it.</param>
/// <param name="Version">Its version.</param>
/// <param name="Blas">The file that has its matrix products; empty where PyTorch brings them.</param>
internal sealed record TorchPeer(string Python, string Version, string Blas)
{
    /// <summary>How to get it.</summary>
    public const string Remedy =
        "no Python here has PyTorch; on Debian: apt-get install python3-torch libopenblas0-pthread, "
            + "or name another interpreter by --python FILE";

    // The first in the path may be another than the system's, for which Debian's package is made.
    private static readonly string[] Interpreters = ["python3", "/usr/bin/python3"];

    private static readonly string Script = Path.Combine(AppContext.BaseDirectory, "Peers", "Torch", "peer.py");

    /// <summary>The interpreter named, or the first of the usual ones that has PyTorch; null where none has.</summary>
    public static TorchPeer? Find(string? python = null) =>
        (python is null ? Interpreters : [python]).Select(Probe).OfType<TorchPeer>().FirstOrDefault();

    /// <summary>The same, for a command that was asked for it.</summary>
    /// <exception cref="ArgumentsException">
    /// There is none, or its products are those of the reference BLAS, beside which everything is fast.
    /// </exception>
    public static TorchPeer Require(string command, string? python)
    {
        var peer = Find(python) ?? throw new ArgumentsException($"bench {command}: {Remedy}");
        return peer.HasSlowProducts
            ? throw new ArgumentsException($"bench {command}: PyTorch would multiply by the reference BLAS "
                + $"({peer.Blas}), which is no peer; on Debian: apt-get install libopenblas0-pthread")
            : peer;
    }

    /// <summary>Whether products are those of the reference BLAS.</summary>
    public bool HasSlowProducts =>
        Path.GetFileName(Blas).StartsWith("libblas", StringComparison.Ordinal) && !Blas.Contains("atlas");

    /// <summary>How to start one of its programs on so many threads.</summary>
    public ProcessStartInfo Start(int threads, params string[] arguments)
    {
        var info = Of(Python, arguments);
        // The pools of OpenMP and OpenBLAS are sized when they load.
        foreach (var name in new[] { "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS" })
            info.Environment[name] = threads.ToString(CultureInfo.InvariantCulture);
        return info;
    }

    private static TorchPeer? Probe(string python)
    {
        var info = Of(python, ["probe"]);
        info.RedirectStandardError = true;
        try
        {
            using var process = Process.Start(info)!;
            process.StandardInput.Close();
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            var answer = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 && JsonSerializer.Deserialize<Answer>(answer) is { } a
                ? new TorchPeer(python, a.Version, a.Blas)
                : null;
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or JsonException)
        {
            return null;
        }
    }

    private static ProcessStartInfo Of(string python, string[] arguments) =>
        new(python, ["-B", Script, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };

    private sealed record Answer(string Version, string Blas);
}
