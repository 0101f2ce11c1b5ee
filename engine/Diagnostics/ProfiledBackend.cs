using System.Diagnostics;
using AmcEngine.Backends;
using AmcEngine.Memory;
using AmcEngine.Tensors;

namespace AmcEngine.Diagnostics;

/// <summary>
/// What tensors call in place of their back end while a <see cref="Profiler"/> is open: the same kernels, with a name, the
/// time and the work of each. On a device the time is that until the kernel is done.
/// </summary>
internal sealed class ProfiledBackend(IBackend kernels, Profiler profiler) : IBackend
{
    private static readonly string[] UnaryNames = Array.ConvertAll(Enum.GetNames<UnaryKind>(), Named);
    private static readonly string[] BinaryNames = Array.ConvertAll(Enum.GetNames<BinaryKind>(), Named);
    private static readonly string[] ProductNames = ["matmul nn", "matmul nt", "matmul tn", "matmul tt", "batched matmul nn", "batched matmul nt", "batched matmul tn", "batched matmul tt"];

    public DeviceInfo Device => kernels.Device;

    public long LiveBytes => kernels.LiveBytes;

    public long PeakBytes => kernels.PeakBytes;

    public long ReservedBytes => kernels.ReservedBytes;

    public void ResetPeak() => kernels.ResetPeak();

    public Storage Allocate(long bytes)
    {
        var storage = kernels.Allocate(bytes);
        profiler.NoteAllocation();
        return storage;
    }

    public void Free(Storage storage) => kernels.Free(storage);

    public void Synchronize() => kernels.Synchronize();

    /// <summary>The back end belongs to whoever opened it.</summary>
    public void Dispose()
    {
    }

    public void Read(Tensor source, Span<byte> target)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.Read(source, target);
        Done("read to host", start, new OpCost(0, target.Length));
    }

    public void Write(ReadOnlySpan<byte> source, Tensor target)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.Write(source, target);
        Done("write from host", start, new OpCost(0, source.Length));
    }

    public void Fill(Tensor y, double value)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.Fill(y, value);
        Done("fill", start, OpCost.Elementwise(0, y));
    }

    public void Copy(Tensor x, Tensor y)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.Copy(x, y);
        Done("copy", start, OpCost.Elementwise(0, y, x));
    }

    public void AddScaled(Tensor x, double alpha, Tensor y)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.AddScaled(x, alpha, y);
        Done("add scaled", start, OpCost.Elementwise(2, y, y, x));
    }

    public void Lerp(ReadOnlySpan<TensorPair> pairs, double weight)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.Lerp(pairs, weight);
        Done("moving average", start, Of(pairs));
    }

    public void Unary(UnaryKind kind, Tensor x, Tensor y, double p = 0, double q = 0)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.Unary(kind, x, y, p, q);
        Done(UnaryNames[(int)kind], start, OpCost.Elementwise(OpCost.Operations(kind), y, x));
    }

    public void Binary(BinaryKind kind, Tensor a, Tensor b, Tensor y)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.Binary(kind, a, b, y);
        Done(BinaryNames[(int)kind], start, OpCost.Elementwise(OpCost.Operations(kind), y, a, b));
    }

    public void Reduce(ReduceKind kind, Tensor x, AxisView axis, Tensor y)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.Reduce(kind, x, axis, y);
        Done("reduce", start, OpCost.Elementwise(1, x, y));
    }

    public void ArgReduce(ReduceKind kind, Tensor x, AxisView axis, Tensor values, Tensor indices)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.ArgReduce(kind, x, axis, values, indices);
        Done("reduce with index", start, OpCost.Elementwise(1, x, values, indices));
    }

    public void Permute(Tensor x, ReadOnlySpan<int> perm, Tensor y)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.Permute(x, perm, y);
        Done("permute", start, OpCost.Elementwise(0, y, x));
    }

    public void CopyRows(Tensor x, int fromLength, int fromStart, Tensor y, int toLength, int toStart, int outer, int count, int inner)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.CopyRows(x, fromLength, fromStart, y, toLength, toStart, outer, count, inner);
        Done("copy rows", start, new OpCost(0, 2.0 * outer * count * inner * y.DType.Size()));
    }

    public void IndexSelect(Tensor x, AxisView axis, Tensor index, Tensor y)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.IndexSelect(x, axis, index, y);
        Done("index select", start, OpCost.Elementwise(0, y, y, index));
    }

    public void IndexAdd(Tensor g, AxisView axis, Tensor index, int skip, Tensor y, bool accumulate = false)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.IndexAdd(g, axis, index, skip, y, accumulate);
        Done("index add", start, accumulate ? OpCost.Elementwise(1, g, g, g, index) : OpCost.Elementwise(1, g, index, y));
    }

    public void Gather(Tensor x, AxisView axis, Tensor index, int count, Tensor y)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.Gather(x, axis, index, count, y);
        Done("gather", start, OpCost.Elementwise(0, y, y, index));
    }

    public void ScatterAdd(Tensor g, AxisView axis, Tensor index, int count, Tensor y)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.ScatterAdd(g, axis, index, count, y);
        Done("scatter add", start, OpCost.Elementwise(1, g, index, y));
    }

    public void MatMul(in MatMulArgs args)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.MatMul(args);
        Done(Name(args), start, OpCost.Of(args), OpShape.Of(args));
    }

    public void Softmax(Tensor x, AxisView axis, bool log, Tensor y)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.Softmax(x, axis, log, y);
        Done(log ? "log softmax forward" : "softmax forward", start, OpCost.Elementwise(20, y, x));
    }

    public void MaskedSoftmax(Tensor x, double scale, Tensor? mask, long maskBatch, long maskHead, int maskRow, Tensor y)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.MaskedSoftmax(x, scale, mask, maskBatch, maskHead, maskRow, y);
        Done("masked softmax forward", start, OpCost.Elementwise(20, y, x, mask));
    }

    public void SoftmaxBackward(Tensor y, Tensor g, AxisView axis, bool log, Tensor dx)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.SoftmaxBackward(y, g, axis, log, dx);
        Done(log ? "log softmax backward" : "softmax backward", start, OpCost.Elementwise(log ? 20 : 4, dx, y, g));
    }

    public void LayerNorm(Tensor x, Tensor gamma, Tensor beta, double eps, Tensor y, Tensor mean, Tensor rstd)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.LayerNorm(x, gamma, beta, eps, y, mean, rstd);
        Done("layer norm forward", start, OpCost.Elementwise(8, y, x, gamma, beta, mean, rstd));
    }

    public void LayerNormBackward(Tensor x, Tensor gamma, Tensor mean, Tensor rstd, Tensor g, Tensor? dx, Tensor? dgamma, Tensor? dbeta)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.LayerNormBackward(x, gamma, mean, rstd, g, dx, dgamma, dbeta);
        Done("layer norm backward", start, OpCost.Elementwise(16, x, gamma, mean, rstd, g, dx, dgamma, dbeta));
    }

    public void ActivationDoubleBackward(Activation activation, Tensor x, Tensor g, Tensor h, Tensor dg, Tensor dx)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.ActivationDoubleBackward(activation, x, g, h, dg, dx);
        if (activation == Activation.Gelu) Done("gelu double backward", start, OpCost.Elementwise(50, x, g, h, dg, dx));
        else Done("quick gelu double backward", start, OpCost.Elementwise(40, x, g, h, dg, dx));
    }

    public void LayerNormDoubleBackward(Tensor x, Tensor gamma, Tensor mean, Tensor rstd, Tensor g, Tensor? ddx, Tensor? ddgamma, Tensor? ddbeta, Tensor dx, Tensor dgamma, Tensor dg)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.LayerNormDoubleBackward(x, gamma, mean, rstd, g, ddx, ddgamma, ddbeta, dx, dgamma, dg);
        Done("layer norm double backward", start, OpCost.Elementwise(50, x, gamma, mean, rstd, g, ddx, ddgamma, ddbeta, dx, dgamma, dg));
    }

    public void Attention(in AttentionArgs args, Tensor output, Tensor lse)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.Attention(args, output, lse);
        Done("attention forward", start, OpCost.Of(args, 2, 2, 2), OpShape.Of(args));
    }

    public void AttentionBackward(in AttentionArgs args, Tensor output, Tensor lse, Tensor g, Tensor dq, Tensor dk, Tensor dv)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.AttentionBackward(args, output, lse, g, dq, dk, dv);
        Done("attention backward", start, OpCost.Of(args, 5, 4, 4), OpShape.Of(args));
    }

    public void AttentionDoubleBackward(in AttentionArgs args, Tensor output, Tensor lse, Tensor g, Tensor? ddq, Tensor? ddk, Tensor? ddv, Tensor dg, Tensor dq, Tensor dk, Tensor dv)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.AttentionDoubleBackward(args, output, lse, g, ddq, ddk, ddv, dg, dq, dk, dv);
        Done("attention double backward", start, OpCost.Of(args, 12, 5 + Count(ddq), 4 + Count(ddk) + Count(ddv)), OpShape.Of(args));
    }

    public void CrossEntropy(Tensor x, Tensor labels, int ignore, Tensor losses, Tensor lse)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.CrossEntropy(x, labels, ignore, losses, lse);
        Done("cross-entropy forward", start, OpCost.Elementwise(18, x, labels, losses, lse));
    }

    public void CrossEntropyBackward(Tensor x, Tensor lse, Tensor labels, int ignore, Tensor g, Tensor dx)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.CrossEntropyBackward(x, lse, labels, ignore, g, dx);
        Done("cross-entropy backward", start, OpCost.Elementwise(18, dx, x, lse, labels, g));
    }

    public void Dropout(Tensor x, double p, RandomKey key, Tensor y)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.Dropout(x, p, key, y);
        Done("dropout", start, OpCost.Elementwise(1, y, x));
    }

    public void Uniform(Tensor y, double low, double high, RandomKey key)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.Uniform(y, low, high, key);
        Done("uniform random", start, OpCost.Elementwise(2, y));
    }

    public void Normal(Tensor y, double mean, double std, RandomKey key)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.Normal(y, mean, std, key);
        Done("normal random", start, OpCost.Elementwise(30, y));
    }

    public void ImageToPatches(Tensor image, int patch, Tensor patches)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.ImageToPatches(image, patch, patches);
        Done("image to patches", start, OpCost.Elementwise(0, patches, image));
    }

    public void PatchesToImage(Tensor patches, int patch, Tensor image)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.PatchesToImage(patches, patch, image);
        Done("patches to image", start, OpCost.Elementwise(0, image, patches));
    }

    public void GradCam(Tensor a, Tensor g, Tensor m, Tensor cam)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.GradCam(a, g, m, cam);
        Done("gradcam forward", start, OpCost.Elementwise(3, a, g, m, cam));
    }

    public void GradCamBackward(Tensor a, Tensor g, Tensor m, Tensor c, Tensor da, Tensor dg)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.GradCamBackward(a, g, m, c, da, dg);
        Done("gradcam backward", start, OpCost.Elementwise(5, a, g, m, c, da, dg));
    }

    public void RegionStats(Tensor map, Tensor mask, Tensor stats, Tensor where)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.RegionStats(map, mask, stats, where);
        Done("region sums forward", start, OpCost.Elementwise(4, map, mask, stats, where));
    }

    public void RegionStatsBackward(Tensor mask, Tensor where, Tensor g, Tensor dmap)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.RegionStatsBackward(mask, where, g, dmap);
        Done("region sums backward", start, OpCost.Elementwise(2, dmap, mask, where, g));
    }

    public void AdamW(ReadOnlySpan<AdamWTensors> tensors, in AdamWArgs args)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.AdamW(tensors, args);
        Done(Averages(tensors) ? "adamw and moving average" : "adamw", start, Of(tensors));
    }

    public void CountNonFinite(ReadOnlySpan<Tensor> tensors, Span<long> counts)
    {
        var start = Stopwatch.GetTimestamp();
        kernels.CountNonFinite(tensors, counts);
        Done("finite check", start, Of(tensors));
    }

    private static string Name(in MatMulArgs args) =>
        ProductNames[(args.Batch0 * args.Batch1 > 1 ? 4 : 0) + (args.TransA ? 2 : 0) + (args.TransB ? 1 : 0)];

    // "GeluBackward" is "gelu backward".
    private static string Named(string kind) =>
        string.Concat(kind.Select((c, i) => char.IsUpper(c) ? (i == 0 ? "" : " ") + char.ToLowerInvariant(c) : c.ToString()));

    private static int Count(Tensor? t) => t is null ? 0 : 1;

    // Three operations an element; y is read and written.
    private static OpCost Of(ReadOnlySpan<TensorPair> pairs)
    {
        var (flop, bytes) = (0.0, 0.0);
        foreach (var pair in pairs) (flop, bytes) = (flop + 3.0 * pair.Y.Count, bytes + 3 * OpCost.Size(pair.Y));
        return new OpCost(flop, bytes);
    }

    private static bool Averages(ReadOnlySpan<AdamWTensors> tensors)
    {
        foreach (var t in tensors)
            if (t.Average is not null) return true;
        return false;
    }

    // 14 operations an element; p, m and v are read and written, g is read. An average costs 3 more, and is read and written.
    private static OpCost Of(ReadOnlySpan<AdamWTensors> tensors)
    {
        var (flop, bytes) = (0.0, 0.0);
        foreach (var t in tensors)
            (flop, bytes) = (flop + (t.Average is null ? 14.0 : 17.0) * t.P.Count, bytes + 7 * OpCost.Size(t.P) + 2 * OpCost.Size(t.Average));
        return new OpCost(flop, bytes);
    }

    private static OpCost Of(ReadOnlySpan<Tensor> tensors)
    {
        var (flop, bytes) = (0.0, 0.0);
        foreach (var t in tensors) (flop, bytes) = (flop + t.Count, bytes + OpCost.Size(t));
        return new OpCost(flop, bytes);
    }

    private void Done(string name, long start, in OpCost cost, in OpShape shape = default)
    {
        kernels.Synchronize();
        profiler.Record(name, shape, Stopwatch.GetTimestamp() - start, cost.Flop, cost.Bytes);
    }
}
