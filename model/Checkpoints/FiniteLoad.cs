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

    private readonly List<string> _tensors = [];
    private long _numbers;

    /// <summary>Overwrites a tensor with stored values, converted to its type.</summary>
    public void Load(Tensor target, TensorData data)
    {
        if (target.DType == DType.F64) target.Load<double>(Doubles(data));
        else target.Load<float>(Singles(data));
    }

    /// <summary>The error, if any value so far was not finite.</summary>
    /// <exception cref="ModelException">There was one.</exception>
    public void RequireFinite()
    {
        if (_tensors.Count == 0) return;
        var names = string.Join(", ", _tensors.Take(Shown)) + (_tensors.Count > Shown ? ", …" : "");
        throw new ModelException(string.Create(CultureInfo.InvariantCulture,
            $"checkpoint: {_numbers} numbers in {_tensors.Count} tensors are NaN or infinite ({names}); use a checkpoint from before the training failed, or one that is undamaged"));
    }

    /// <summary>Stored values as a tensor of their own.</summary>
    internal Tensor Read(TensorData data, DType dtype, IBackend backend)
    {
        var shape = new Shape([.. data.Shape.Select(d => checked((int)d))]);
        return dtype == DType.F64 ? Tensor.From(Doubles(data), shape, backend) : Tensor.From(Singles(data), shape, backend);
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

    private void Note(TensorData data, int count)
    {
        if (count == 0) return;
        _numbers += count;
        _tensors.Add(string.Create(CultureInfo.InvariantCulture, $"{data.Name}: {count} of {data.Count}"));
    }
}
