using System.Globalization;
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

    // Large tensors pass through in parts, so that loading holds little more than the model.
    private const int PartCount = 1 << 20;

    private readonly List<string> _tensors = [];
    private double[] _doubles = [];
    private float[] _singles = [];
    private long _numbers;

    /// <summary>Overwrites a tensor with stored values, converted to its type.</summary>
    public void Load(Tensor target, TensorData data)
    {
        var bad = 0;
        for (long first = 0; first < data.Count; first += PartCount)
        {
            var part = data.Range(first, Math.Min(PartCount, data.Count - first));
            if (target.DType == DType.F64)
            {
                var values = Scratch(ref _doubles, part);
                part.CopyTo(values);
                bad += NonFinite.Count<double>(values);
                target.LoadRange<double>(values, (int)first);
            }
            else
            {
                var values = Scratch(ref _singles, part);
                part.CopyTo(values);
                bad += NonFinite.Count<float>(values);
                target.LoadRange<float>(values, (int)first);
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

    private static Span<T> Scratch<T>(ref T[] array, TensorData part)
    {
        if (array.Length < part.Count) array = new T[part.Count];
        return array.AsSpan(0, (int)part.Count);
    }

    private void Note(TensorData data, int count)
    {
        if (count == 0) return;
        _numbers += count;
        _tensors.Add(string.Create(CultureInfo.InvariantCulture, $"{data.Name}: {count} of {data.Count}"));
    }
}
