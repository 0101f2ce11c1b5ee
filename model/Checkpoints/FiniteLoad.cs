using System.Buffers;
using System.Globalization;
using System.Runtime.ExceptionServices;
using AmcEngine.Backends;
using AmcEngine.Serialization;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Checkpoints;

/// <summary>
/// Loads stored values and keeps account of NaN and infinities among them, so that one error can name all tensors that
/// hold any. The values are looked at in the type that the model computes in: what overflows there counts.
/// </summary>
public sealed class FiniteLoad
{
    private const int Shown = 3;

    // Tensors pass through in parts that stay in a core's cache between the file and the device.
    private const int PartCount = 1 << 17;

    private readonly List<string> _tensors = [];
    private long _numbers;

    /// <summary>
    /// Overwrites a tensor with stored values, converted to its type; in the host's memory by as many threads as the
    /// back end has.
    /// </summary>
    /// <exception cref="SerializationException">The file cannot be read.</exception>
    public void Load(Tensor target, TensorData data)
    {
        var parts = (int)((data.Count + PartCount - 1) / PartCount);
        var threads = target.IsOnHost ? target.Backend.Device.Threads : 1;
        var bad = 0;
        if (threads == 1 || parts == 1)
        {
            for (var part = 0; part < parts; part++) bad += LoadPart(target, data, part);
        }
        else
        {
            try
            {
                Parallel.For(0, parts, new ParallelOptions { MaxDegreeOfParallelism = threads },
                    part => Interlocked.Add(ref bad, LoadPart(target, data, part)));
            }
            catch (AggregateException e)
            {
                ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
            }
        }
        Note(data, bad);
    }

    /// <summary>The error, if any value so far was not finite.</summary>
    /// <exception cref="ModelException">There was one.</exception>
    public void RequireFinite()
    {
        if (_tensors.Count == 0) return;
        var names = string.Join(", ", _tensors.Take(Shown)) + (_tensors.Count > Shown ? ", …" : "");
        throw new ModelException(string.Create(CultureInfo.InvariantCulture,
            $"checkpoint: {_numbers} numbers in {_tensors.Count} tensors are NaN or infinite ({names}); "
                + $"use a checkpoint from before the training failed, or one that is undamaged"));
    }

    /// <summary>Stored values as a tensor of their own.</summary>
    internal Tensor Read(TensorData data, DType dtype, IBackend backend)
    {
        var shape = new Shape([.. data.Shape.Select(d => checked((int)d))]);
        return dtype == DType.F64 ? Tensor.From(Doubles(data), shape, backend) : Tensor.From(
            Singles(data), shape, backend);
    }

    private double[] Doubles(TensorData data)
    {
        var values = data.ToF64();
        Note(data, NonFinite.Count<double>(values));
        return values;
    }

    private float[] Singles(TensorData data)
    {
        var values = data.ToF32();
        Note(data, NonFinite.Count<float>(values));
        return values;
    }

    // How many values of the part are not finite.
    private static int LoadPart(Tensor target, TensorData data, int number)
    {
        var first = number * PartCount;
        var part = data.Range(first, Math.Min(PartCount, data.Count - first));
        if (target.DType == DType.F64)
        {
            using var doubles = new Scratch<double>(part);
            part.CopyTo(doubles.Values);
            target.LoadRange<double>(doubles.Values, first);
            return NonFinite.Count<double>(doubles.Values);
        }
        using var singles = new Scratch<float>(part);
        part.CopyTo(singles.Values);
        target.LoadRange<float>(singles.Values, first);
        return NonFinite.Count<float>(singles.Values);
    }

    private void Note(TensorData data, int count)
    {
        if (count == 0) return;
        _numbers += count;
        _tensors.Add(string.Create(CultureInfo.InvariantCulture, $"{data.Name}: {count} of {data.Count}"));
    }

    private readonly ref struct Scratch<T>(TensorData part) : IDisposable
    {
        private readonly T[] _array = ArrayPool<T>.Shared.Rent((int)part.Count);
        private readonly int _count = (int)part.Count;

        public Span<T> Values => _array.AsSpan(0, _count);

        public void Dispose() => ArrayPool<T>.Shared.Return(_array);
    }
}
