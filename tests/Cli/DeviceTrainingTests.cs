using System.Text.Json.Nodes;
using AmcEngine.DataTools;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>
/// The shipped configurations train on a device as they do on the CPU: the same losses, and the same bits every time.
/// </summary>
[TestFixture]
internal sealed class DeviceTrainingTests : FolderTests
{
    // Twice as many as fill the queue.
    private const int Steps = 8;

    [Test]
    public void Scenes_train_on_OpenCL_as_on_the_CPU()
    {
        _ = TestBackends.OpenCl;
        var first = Train("scenes.yaml", "opencl:0", "first", Steps);
        Agree(Train("scenes.yaml", "cpu", "cpu", Steps), first);
        var second = Train("scenes.yaml", "opencl:0", "second", 3);
        Assert.That(second.Select(l => l.ToJsonString()), Is.EqualTo(first[..3].Select(l => l.ToJsonString())),
            "the same run gives the same bits");
    }

    [Test]
    public void Fashion_scenes_train_on_OpenCL_as_on_the_CPU()
    {
        _ = TestBackends.OpenCl;
        if (!FashionMnist.IsInstalled(SceneSplit.Train))
            Assert.Ignore("Fashion-MNIST is not installed; get it with: apt-get install dataset-fashion-mnist");
        Agree(
            Train("fashion-amc.yaml", "cpu", "cpu", Steps), Train("fashion-amc.yaml", "opencl:0", "device", Steps));
    }

    private JsonObject[] Train(string config, string device, string run, int steps)
    {
        var output = _folder.PathOf(run);
        var answer = Amcx.Run(
            "train", "--config", Path.Combine(GoldenFiles.Root, "configs", config), "--device", device, "--steps",
            $"{steps}", "--set", "test_count=16", "eval_batch=16", "grid_scenes=1", "queue_size=128", "--output",
            output);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        return [.. File.ReadLines(Path.Combine(output, "log.jsonl")).Select(l => JsonNode.Parse(l)!)
            .Where(l => (string)l["kind"]! == "step").Select(l => l["losses"]!.AsObject())];
    }

    private static void Agree(JsonObject[] expected, JsonObject[] actual)
    {
        Assert.That(actual, Has.Length.EqualTo(expected.Length));
        var worst = (Off: 0.0, Where: "none");
        for (var step = 0; step < expected.Length; step++)
            foreach ((var name, var value) in expected[step])
            {
                double on = (double)value!,
                    off = Math.Abs((double)actual[step][name]! - on) / Math.Max(Math.Abs(on), 1e-2);
                // Written so that NaN is kept.
                if (!(off <= worst.Off)) worst = (off, $"step {step + 1}, {name}");
            }
        // Thirty times what pocl shows.
        Closeness.Within($"losses of {expected.Length} steps, worst in {worst.Where}", worst.Off, 3e-4);
    }
}
