using AmcEngine.Memory;

namespace AmcEngine.Bench.Gpu;

/// <summary>Times of the kernels that decide a training step's time.</summary>
internal sealed class KernelCheck : IGpuCheck
{
    public string Name => "kernels";

    public string Title => "times of kernels, against the device's roofline and the predictions";

    public void Run(CheckContext context)
    {
        using var device = new RevivingDevice(context.OpenDevice);
        context.Markdown.AddRange(
        [
            "Wall time of a batch of queued calls, with the queue drained before and after, "
                + "divided by their number; median and "
                + "minimum of several batches. FLOP and bytes are counted, operands and results once each; peak: "
                + "operands, results and scratch.",
            "",
        ]);
        var table = new BenchmarkTable(context, device.Backend.Device.Name);
        var (measured, count) = (0, 0);
        foreach (var sample in KernelCases.All(context.Options.Quick))
        {
            count++;
            try
            {
                using var scope = MemoryScope.Begin();
                device.Backend.ResetPeak();
                var work = sample.Prepare(device.Backend);
                var time = Timing.Measure(device.Backend, work, context.Options.Quick);
                table.Add(sample.Work, time, device.Backend.PeakBytes);
                measured++;
            }
            catch (Exception e)
            {
                context.Fail(sample.Name, e);
                device.Probe();
            }
        }
        context.Summary = $"{measured} of {count} kernels measured";
    }
}
