using System.Diagnostics;
using AmcEngine.Amc;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>Runs command lines in this process, and makes small runs to try them on.</summary>
internal static class Amcx
{
    /// <summary>A model that trains in moments.</summary>
    public const string TinyConfig = """
        dataset: scenes
        train_count: 16
        test_count: 6
        image_res: 32
        patch_size: 8
        vision_width: 16
        vision_depth: 1
        vision_heads: 2
        text_width: 16
        text_heads: 2
        text_layers: 1
        fusion_layers: 1
        embed_dim: 8
        queue_size: 16
        batch_size: 4
        dropout: 0.1
        steps: 6
        alpha_ramp_steps: 4
        eval_every: 4
        eval_batch: 4
        save_every: 2
        grid_scenes: 1
        log_every: 1
        optimizer: {opt: adamW, lr: 1e-3, weight_decay: 0.02}
        schedular: {sched: cosine, warmup_steps: 2, final_fraction: 0.1}

        """;

    /// <summary>Runs a command line.</summary>
    public static Answer Run(params string[] args)
    {
        using StringWriter stdout = new(), stderr = new();
        var code = Program.Run([.. args, "--threads", "1"], stdout, stderr);
        return new Answer(code, stdout.ToString(), stderr.ToString());
    }

    /// <summary>Runs a command line exactly as given.</summary>
    public static Answer RunPlain(params string[] args)
    {
        using StringWriter stdout = new(), stderr = new();
        var code = Program.Run(args, stdout, stderr);
        return new Answer(code, stdout.ToString(), stderr.ToString());
    }

    /// <summary>
    /// Runs a command line exactly as given in a process of its own, for what is read or found once a process.
    /// </summary>
    /// <param name="args">The command line.</param>
    /// <param name="environment">Changes the environment that it gets.</param>
    public static Answer RunProcess(string[] args, Action<IDictionary<string, string?>>? environment = null)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "amcx.dll"), .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        environment?.Invoke(start.Environment);
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Answer(process.ExitCode, output, error.Result);
    }

    /// <summary>Expects an answer of exit code 2 and one line that holds all the parts.</summary>
    public static void ExpectBadInput(Answer answer, params string[] parts)
    {
        Assert.That(answer.Code, Is.EqualTo(2), answer.Error);
        // Notes about keys without effect and warnings about pictures may come before.
        var error = string.Join('\n', answer.Error.TrimEnd('\r', '\n').Split('\n').Where(
            l => !l.StartsWith("note: ", StringComparison.Ordinal)
                && !l.StartsWith("warning: ", StringComparison.Ordinal)));
        Assert.That(error, Does.Not.Contain("\n").And.Not.Contain("   at "));
        foreach (var part in parts)
            Assert.That(error, Does.Contain(part));
    }

    /// <summary>Writes the tiny configuration and trains it.</summary>
    public static (string Config, string Run) Train(TempFolder folder, params string[] more)
    {
        string config = folder.Write("tiny.yaml", TinyConfig), run = folder.PathOf("run");
        var answer = Run(["train", "--config", config, "--output", run, .. more]);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        return (config, run);
    }
}

/// <summary>What a command line gave.</summary>
internal sealed record Answer(int Code, string Out, string Error);
