using System.Globalization;
using System.Text.Json;
using AmcEngine.Bench.Harness;
using AmcEngine.Bench.Peers;

namespace AmcEngine.Bench.Cpu;

/// <summary>A process that does the steps of one configuration, the engine's or a peer's.</summary>
internal sealed class StepSide(LineProcess process) : IDisposable
{
    /// <summary>What runs there.</summary>
    public string Details => process.Details;

    /// <summary>Seconds of each of the next steps.</summary>
    public double[] Steps(int count) =>
        process.AskNumbers(string.Create(CultureInfo.InvariantCulture, $"steps {count}"), "seconds");

    /// <summary>What else it found; no steps can follow.</summary>
    public StepFigures End() => JsonSerializer.Deserialize<StepFigures>(process.Ask("end", "figures"))!;

    public void Dispose() => process.Dispose();

    /// <summary>The engine on a configuration file or <see cref="StepRun.Vit"/>.</summary>
    public static StepSide Engine(string what, int threads)
    {
        var info = ChildProcess.Of([StepRun.Command, what, threads.ToString(CultureInfo.InvariantCulture)]);
        // Configurations name other files relative to the folder that holds configs/.
        if (RootOf(what) is { } root) info.WorkingDirectory = root;
        return new StepSide(new LineProcess(info));
    }

    /// <summary>PyTorch on the same, given a folder for what it reads.</summary>
    public static StepSide Torch(TorchPeer peer, string what, bool lean, int threads, string folder)
    {
        var settings = Path.Combine(folder, "settings.json");
        var batches = what == StepRun.Vit ? "" : Path.Combine(folder, "batches.safetensors");
        if (what == StepRun.Vit) File.WriteAllText(settings, TorchInputs.Settings());
        else InFolder(RootOf(what), () =>
        {
            var (config, _) = StepRun.Load(what);
            File.WriteAllText(settings, TorchInputs.Settings(config, lean));
            TorchInputs.WriteBatches(config, batches);
        });
        return new StepSide(new LineProcess(peer.Start(
            threads, "step", settings, batches, threads.ToString(CultureInfo.InvariantCulture))));
    }

    /// <summary>Does something that reads files relative to a folder.</summary>
    public static void InFolder(string? folder, Action action)
    {
        var before = Directory.GetCurrentDirectory();
        if (folder is not null) Directory.SetCurrentDirectory(folder);
        try
        {
            action();
        }
        finally
        {
            Directory.SetCurrentDirectory(before);
        }
    }

    /// <summary>The folder that a configuration's other files are relative to; null where it is this one.</summary>
    public static string? RootOf(string what) =>
        what != StepRun.Vit && Path.GetDirectoryName(Path.GetDirectoryName(what)) is { } root
            && Directory.Exists(Path.Combine(root, "configs")) ? root : null;
}
