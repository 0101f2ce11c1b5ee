using AmcEngine.Memory;
using AmcEngine.Tensors;

namespace AmcEngine.Backends;

/// <summary>
/// Every kernel an op may call. Ops check shapes and element types; a back end may rely on them. All tensors are
/// contiguous and of one floating type unless a parameter says otherwise; outputs are overwritten, never read, and do
/// not overlap inputs (elementwise kernels may write onto an input of the same shape). Calls are ordered; results are deterministic.
/// An index or label out of range is an error on the CPU; a device cannot stop for it: selecting and gathering give NaN (−1 in
/// integers), adding leaves it out, cross-entropy gives NaN.
/// </summary>
public interface IBackend : IDisposable
{
    /// <summary>The device behind the back end.</summary>
    DeviceInfo Device { get; }

    /// <summary>Bytes held by live tensors now.</summary>
    long LiveBytes { get; }

    /// <summary>Largest <see cref="LiveBytes"/> since the last <see cref="ResetPeak"/>.</summary>
    long PeakBytes { get; }

    /// <summary>Bytes taken from the device, in use or waiting for reuse.</summary>
    long ReservedBytes { get; }

    /// <summary>Starts a new peak measurement.</summary>
    void ResetPeak();

    /// <summary>Memory from the pool, uninitialised, 64-byte aligned.</summary>
    Storage Allocate(long bytes);

    /// <summary>Back to the pool; called when the last reference goes.</summary>
    void Free(Storage storage);

    /// <summary>Device to host; waits for the values.</summary>
    void Read(Tensor source, Span<byte> target);

    /// <summary>Host to device.</summary>
    void Write(ReadOnlySpan<byte> source, Tensor target);

    /// <summary>Waits until all queued work is done.</summary>
    void Synchronize();

    /// <summary>y = value (any element type).</summary>
    void Fill(Tensor y, double value);

    /// <summary>y = x elementwise in row-major order; converts between element types.</summary>
    void Copy(Tensor x, Tensor y);

    /// <summary>y += alpha·x, equal shapes.</summary>
    void AddScaled(Tensor x, double alpha, Tensor y);

    /// <summary>y = y + weight·(x − y) for each pair, equal shapes (momentum update with weight 1 − momentum).</summary>
    void Lerp(ReadOnlySpan<TensorPair> pairs, double weight);

    /// <summary>y = f(x).</summary>
    void Unary(UnaryKind kind, Tensor x, Tensor y, double p = 0, double q = 0);

    /// <summary>y = f(a, b), a and b broadcast to y's shape.</summary>
    void Binary(BinaryKind kind, Tensor a, Tensor b, Tensor y);

    /// <summary>
    /// Gradients of h·(g·f′(x)) for a smooth activation f, all of one shape: dg = h·f′(x) and dx = h·g·f″(x), which are
    /// overwritten and share no memory with the operands.
    /// </summary>
    void ActivationDoubleBackward(Activation activation, Tensor x, Tensor g, Tensor h, Tensor dg, Tensor dx);

    /// <summary>y [outer, inner] = reduction of x [outer, length, inner] over length (length ≥ 1 for max and min; an empty sum is 0).</summary>
    void Reduce(ReduceKind kind, Tensor x, AxisView axis, Tensor y);

    /// <summary>Max or min and the first index that has it: values [outer, inner], indices [outer, inner] I32.</summary>
    void ArgReduce(ReduceKind kind, Tensor x, AxisView axis, Tensor values, Tensor indices);

    /// <summary>y = x with axes permuted: axis i of y is axis perm[i] of x (any element type).</summary>
    void Permute(Tensor x, ReadOnlySpan<int> perm, Tensor y);

    /// <summary>
    /// Copies count rows of an axis: y[o, toStart + i, n] = x[o, fromStart + i, n], i &lt; count, where x is
    /// [outer, fromLength, inner] and y is [outer, toLength, inner] (any element type). The rest of y is left alone.
    /// </summary>
    void CopyRows(Tensor x, int fromLength, int fromStart, Tensor y, int toLength, int toStart, int outer, int count, int inner);

    /// <summary>y[o, i, n] = x[o, index[i], n]; x is [outer, length, inner], index [count] I32.</summary>
    void IndexSelect(Tensor x, AxisView axis, Tensor index, Tensor y);

    /// <summary>
    /// y[o, index[i], n] += g[o, i, n] in the order of i, skipping index = skip; y is [outer, length, inner] and is overwritten from
    /// zero, or else added to where it is (accumulate): of a large table only the rows in question are touched then.
    /// </summary>
    void IndexAdd(Tensor g, AxisView axis, Tensor index, int skip, Tensor y, bool accumulate = false);

    /// <summary>y[o, i, n] = x[o, index[o, i, n], n]; x is [outer, length, inner], index and y are [outer, count, inner].</summary>
    void Gather(Tensor x, AxisView axis, Tensor index, int count, Tensor y);

    /// <summary>y[o, index[o, i, n], n] += g[o, i, n] in the order of i; y is [outer, length, inner] and is overwritten from zero.</summary>
    void ScatterAdd(Tensor g, AxisView axis, Tensor index, int count, Tensor y);

    /// <summary>Matrix product; see <see cref="MatMulArgs"/>.</summary>
    void MatMul(in MatMulArgs args);

    /// <summary>Softmax (or its logarithm) over the middle axis.</summary>
    void Softmax(Tensor x, AxisView axis, bool log, Tensor y);

    /// <summary>y = softmax(scale·x + mask) over the last axis of x [B, H, Lq, Lk]; mask strides as in <see cref="AttentionArgs"/>, mask may be null.</summary>
    void MaskedSoftmax(Tensor x, double scale, Tensor? mask, long maskBatch, long maskHead, int maskRow, Tensor y);

    /// <summary>dx of softmax from its output y and cotangent g: y∘(g − Σy∘g); of log-softmax: g − eʸ·Σg.</summary>
    void SoftmaxBackward(Tensor y, Tensor g, AxisView axis, bool log, Tensor dx);

    /// <summary>Rows of x [rows, D]: y = (x − mean)·rstd·gamma + beta, biased variance; mean and rstd are [rows].</summary>
    void LayerNorm(Tensor x, Tensor gamma, Tensor beta, double eps, Tensor y, Tensor mean, Tensor rstd);

    /// <summary>Gradients of layer norm; dx, dgamma and dbeta are overwritten, each may be null.</summary>
    void LayerNormBackward(Tensor x, Tensor gamma, Tensor mean, Tensor rstd, Tensor g, Tensor? dx, Tensor? dgamma, Tensor? dbeta);

    /// <summary>
    /// Gradient of the gradient: from the cotangents ddx, ddgamma and ddbeta of <see cref="LayerNormBackward"/>'s results (any
    /// may be null, for zero), the gradients of ⟨ddx, dx⟩ + ⟨ddgamma, dgamma⟩ + ⟨ddbeta, dbeta⟩ with respect to x, gamma and g,
    /// with mean and rstd as functions of x; all three are overwritten.
    /// </summary>
    void LayerNormDoubleBackward(Tensor x, Tensor gamma, Tensor mean, Tensor rstd, Tensor g, Tensor? ddx, Tensor? ddgamma, Tensor? ddbeta, Tensor dx, Tensor dgamma, Tensor dg);

    /// <summary>Fused attention: output [layout of Q] and lse [B, H, Lq] = log Σ exp of the masked scores.</summary>
    void Attention(in AttentionArgs args, Tensor output, Tensor lse);

    /// <summary>Gradients of fused attention from the cotangent g of the output (layout of Q); all overwritten.</summary>
    void AttentionBackward(in AttentionArgs args, Tensor output, Tensor lse, Tensor g, Tensor dq, Tensor dk, Tensor dv);

    /// <summary>
    /// Gradient of the gradient: from the cotangents ddq, ddk and ddv of <see cref="AttentionBackward"/>'s dq, dk and dv (any
    /// may be null, for zero), the gradients of ⟨ddq, dq⟩ + ⟨ddk, dk⟩ + ⟨ddv, dv⟩ with respect to g, q, k and v;
    /// all four are overwritten. Memory beside inputs and outputs is O(B·H·Lq); no map is kept.
    /// </summary>
    void AttentionDoubleBackward(in AttentionArgs args, Tensor output, Tensor lse, Tensor g, Tensor? ddq, Tensor? ddk, Tensor? ddv, Tensor dg, Tensor dq, Tensor dk, Tensor dv);

    /// <summary>losses[r] = lse[r] − x[r, label[r]], 0 where label = ignore; x is [rows, classes], lse [rows].</summary>
    void CrossEntropy(Tensor x, Tensor labels, int ignore, Tensor losses, Tensor lse);

    /// <summary>dx[r, c] = g[r]·(exp(x[r, c] − lse[r]) − [c = label[r]]), 0 where label = ignore.</summary>
    void CrossEntropyBackward(Tensor x, Tensor lse, Tensor labels, int ignore, Tensor g, Tensor dx);

    /// <summary>y = x∘keep/(1 − p), keep where the element's uniform number ≥ p.</summary>
    void Dropout(Tensor x, double p, RandomKey key, Tensor y);

    /// <summary>y uniform in [low, high).</summary>
    void Uniform(Tensor y, double low, double high, RandomKey key);

    /// <summary>y normal (Box-Muller on pairs of uniform numbers).</summary>
    void Normal(Tensor y, double mean, double std, RandomKey key);

    /// <summary>patches [B·(H/p)·(W/p), C·p·p] from image [B, C, H, W]: row (b, py, px), column (c, y, x).</summary>
    void ImageToPatches(Tensor image, int patch, Tensor patches);

    /// <summary>The adjoint of <see cref="ImageToPatches"/> (each pixel lies in one patch).</summary>
    void PatchesToImage(Tensor patches, int patch, Tensor image);

    /// <summary>
    /// GradCAM: cam[b, j] = Σ_{h,i} a[b,h,i,1+j]·max(g[b,h,i,1+j], 0)·m[b,i]² / (H·L); a and g are [B, H, L, 1+P], m [B, L], cam [B, P].
    /// </summary>
    void GradCam(Tensor a, Tensor g, Tensor m, Tensor cam);

    /// <summary>
    /// Gradients of GradCAM from the cotangent c [B, P]: da = c·m²·max(g,0)/(H·L), dg = c·m²·a·[g ≥ 0]/(H·L), column 0 zero.
    /// </summary>
    void GradCamBackward(Tensor a, Tensor g, Tensor m, Tensor c, Tensor da, Tensor dg);

    /// <summary>
    /// Sums and maxima of a map inside and outside a region: for each row of map and mask [B, P], stats [B, 4] =
    /// Σ map·mask, Σ map·(1 − mask), max map·mask, max map·(1 − mask); where [B, 2] I32 = the first positions of the maxima.
    /// </summary>
    void RegionStats(Tensor map, Tensor mask, Tensor stats, Tensor where);

    /// <summary>The adjoint: dmap from the cotangent g [B, 4] of the stats.</summary>
    void RegionStatsBackward(Tensor mask, Tensor where, Tensor g, Tensor dmap);

    /// <summary>
    /// One decoupled AdamW step of many parameters (Loshchilov and Hutter 2019, as torch.optim.AdamW): p ← p(1 − lr·decay), then
    /// p ← p − lr/(1−β₁ᵗ)·m/(√v/√(1−β₂ᵗ) + eps) with m, v updated in place. Where a parameter has a moving average, that moves
    /// towards the new p in the same pass, with the bits of <see cref="Lerp"/> called next.
    /// </summary>
    void AdamW(ReadOnlySpan<AdamWTensors> tensors, in AdamWArgs args);

    /// <summary>How many elements of each tensor are NaN or infinite (none of integers); waits once for all.</summary>
    void CountNonFinite(ReadOnlySpan<Tensor> tensors, Span<long> counts);
}

/// <summary>A tensor and the one that is moved towards it.</summary>
/// <param name="X">Where to.</param>
/// <param name="Y">What is moved.</param>
public readonly record struct TensorPair(Tensor X, Tensor Y);

/// <summary>Tensors of one parameter in an AdamW step, of one shape.</summary>
/// <param name="P">Parameter.</param>
/// <param name="G">Its gradient.</param>
/// <param name="M">First moment.</param>
/// <param name="V">Second moment.</param>
/// <param name="Average">Moving average of the parameter, to move along; null where it has none or is not to move.</param>
public readonly record struct AdamWTensors(Tensor P, Tensor G, Tensor M, Tensor V, Tensor? Average = null);

/// <summary>Hyperparameters of one AdamW step.</summary>
/// <param name="LearningRate">Learning rate of this step.</param>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Eps">Added to the denominator.</param>
/// <param name="WeightDecay">Decoupled decay.</param>
/// <param name="Step">Number of this step, from 1.</param>
/// <param name="AverageWeight">How far a moving average moves: 1 − momentum; the averages of the tensors only.</param>
public readonly record struct AdamWArgs(
    double LearningRate, double Beta1, double Beta2, double Eps, double WeightDecay, int Step, double AverageWeight = 0);

/// <summary>What is known of a device.</summary>
/// <param name="Id">Its name on the command line: <c>cpu</c>, <c>cuda:0</c>, <c>opencl:0</c>.</param>
/// <param name="Name">The maker's name.</param>
/// <param name="MemoryBytes">Memory in bytes.</param>
/// <param name="Threads">Worker threads (CPU), or multiprocessors.</param>
/// <param name="Details">One line: instruction sets, compute capability.</param>
public sealed record DeviceInfo(string Id, string Name, long MemoryBytes, int Threads, string Details)
{
    /// <summary>Whether it computes in f64.</summary>
    public bool SupportsDouble { get; init; } = true;

    /// <summary>Whether it is the machine's own processor, be it by an OpenCL driver.</summary>
    public bool IsProcessor { get; init; }

    /// <summary>Driver, clocks and limits, one line, as far as they are known.</summary>
    public string Driver { get; init; } = "";
}
