using System.Diagnostics;
using AmcEngine.Amc.Configuration;
using AmcEngine.Bench;
using AmcEngine.Bench.Cpu;
using AmcEngine.Bench.Harness;
using AmcEngine.Bench.Peers;
using AmcEngine.Memory;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Bench;

/// <summary>The PyTorch side of the benchmarks: that it computes the recorded step, and what is asked of it.</summary>
[TestFixture]
internal sealed class TorchPeerTests
{
    private static readonly Lazy<TorchPeer?> Found = new(() => TorchPeer.Find());

    private static TorchPeer Peer
    {
        get
        {
            if (Found.Value is null) Assert.Ignore(TorchPeer.Remedy);
            return Found.Value!;
        }
    }

    [Test, Category("Golden")]
    public void The_recorded_step_is_what_PyTorch_computes()
    {
        var (code, output) = Check(GoldenFiles.Require("albef-tiny.json"));
        // Both forms, in f32 with the weights after three steps, in f64 without.
        var good = output.Split('\n').Count(l => l.EndsWith(": ok", StringComparison.Ordinal));
        Assert.That(good, Is.EqualTo(18), output);
        Assert.That(code, Is.Zero, output);
    }

    [Test]
    public void A_recording_of_other_numbers_fails()
    {
        using var folder = new TempFolder();
        foreach (var name in new[] { "albef-tiny.json", "albef-tiny.safetensors", "albef-tiny-f64.safetensors" })
            File.Copy(GoldenFiles.Require(name), Path.Combine(folder.Path, name));
        var json = Path.Combine(folder.Path, "albef-tiny.json");
        File.WriteAllText(json, File.ReadAllText(json).Replace("\"temp\": 0.07", "\"temp\": 0.08"));
        var (code, output) = Check(json);
        Assert.That(code, Is.EqualTo(1), output);
        Assert.That(output, Does.Match("f32 grad_total: .*WRONG"));
    }

    [Test]
    public void Without_PyTorch_one_line_says_how_to_get_it()
    {
        var error = Assert.Throws<ArgumentsException>(() => Program.Run(
            ["step", "--config", "vit", "--peer", "torch", "--python", "/nowhere/python3"]))!;
        Assert.That(error.Message, Does.StartWith("bench step: no Python here has PyTorch")
            .And.Contain("apt-get install python3-torch").And.Not.Contain("\n"));
    }

    [TestCase("/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0", true)]
    [TestCase("/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblasp-r0.3.21.so", false)]
    [TestCase("", false)]
    public void Products_of_the_reference_are_no_peer(string blas, bool slow) =>
        Assert.That(new TorchPeer("python3", "1.13", blas).HasSlowProducts, Is.EqualTo(slow));

    [TestCase("model: clip", "has model clip")]
    [TestCase("explain: {mode: itc}", "has explain.mode itc")]
    [TestCase("add_selfeq: true", "has add_selfeq")]
    public void What_the_peer_does_not_train_is_refused(string line, string expected)
    {
        using var folder = new TempFolder();
        var path = Path.Combine(folder.Path, "other.yaml");
        File.WriteAllText(path, $"dataset: scenes\n{line}\n");
        var error = Assert.Throws<ArgumentsException>(() => TorchInputs.Require(RunConfig.Load(path)))!;
        Assert.That(error.Message, Does.Contain(expected).And.Contain("leave --peer out"));
    }

    [Test]
    public void PyTorch_steps_on_the_batches_of_a_run()
    {
        using var folder = new TempFolder();
        var path = Path.Combine(folder.Path, "small.yaml");
        File.WriteAllText(path, """
            dataset: scenes
            train_count: 24
            image_res: 32
            patch_size: 16
            vision_width: 16
            vision_depth: 1
            vision_heads: 2
            text_width: 16
            text_heads: 2
            text_layers: 1
            fusion_layers: 2
            embed_dim: 8
            queue_size: 16
            batch_size: 4
            dropout: 0.1
            steps: 4
            """);
        foreach (var lean in new[] { true, false })
        {
            using var side = StepSide.Torch(Peer, path, lean, 1, folder.Path);
            Assert.That(side.Details, Does.StartWith("PyTorch"));
            Assert.That(side.Steps(7), Has.Length.EqualTo(7).And.All.Positive);
            Assert.That(side.End().PeakRss, Is.GreaterThan(10 << 20));
        }
    }

    [Test]
    public void Attention_differentiated_twice_has_the_same_gradients_on_all_sides()
    {
        const int samples = 2, heads = 3, rows = 19, width = 8;
        var sums = new double[4];
        using var backend = new AmcEngine.Backends.Cpu.CpuBackend(2);
        using (MemoryScope.Begin())
            for (var i = 0; i < 2; i++)
            {
                var sides = new DoubleBackwardRun.Case(backend, i == 0, samples, heads, rows, width);
                (sums[i], sums[3]) = sides.Checksum();
            }
        Assert.That(sums[0], Is.EqualTo(sums[1]).Within(1e-6 * sums[3]));
        using var torch = new LineProcess(Peer.Start(1, "attention", "1"));
        var ready = torch.AskNumbers($"case {samples} {heads} {rows} {width} 0.001", "ready");
        Assert.That(ready[0], Is.EqualTo(sums[0]).Within(1e-6 * sums[3]));
        Assert.That(ready[1], Is.EqualTo(sums[3]).Within(1e-6 * sums[3]));
        Assert.That(torch.AskNumbers("measure", "time")[0], Is.Positive);
    }

    private static (int Code, string Output) Check(string recording)
    {
        using var process = Process.Start(Peer.Start(1, "check", recording))!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output.Trim());
    }
}
