using AmcEngine.Backends;
using AmcEngine.Serialization;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Modules;

/// <summary>Values between host and device, whatever the model's element type.</summary>
public static class TensorValues
{
    /// <summary>Overwrites a tensor with host values, converted to its type.</summary>
    public static void Load(Tensor tensor, float[] values)
    {
        if (tensor.DType == DType.F64) tensor.Load<double>(Array.ConvertAll(values, v => (double)v));
        else tensor.Load<float>(values);
    }

    /// <summary>A tensor of the wanted floating type with host values.</summary>
    public static Tensor From(double[] values, Shape shape, DType dtype, IBackend backend) => dtype == DType.F64
        ? Tensor.From(values, shape, backend)
        : Tensor.From(Array.ConvertAll(values, v => (float)v), shape, backend);

    /// <summary>A tensor of the wanted floating type with stored values.</summary>
    public static Tensor From(TensorData data, DType dtype, IBackend backend)
    {
        var shape = new Shape([.. data.Shape.Select(d => checked((int)d))]);
        return dtype == DType.F64 ? Tensor.From(data.ToF64(), shape, backend) : Tensor.From(
            data.ToF32(), shape, backend);
    }

    /// <summary>
    /// The tensor's values as data to store, in its own type. They stay where they are and are copied to the host part
    /// by part whenever the data is read: the tensor must live, and keep its values, as long as that goes on.
    /// </summary>
    /// <exception cref="DTypeException">The tensor holds whole numbers.</exception>
    public static TensorData ToData(Tensor tensor, string name)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        var type = tensor.DType switch
        {
            DType.F32 => TensorDataType.F32,
            DType.F64 => TensorDataType.F64,
            _ => throw new DTypeException("store", $"{tensor} holds no floating values"),
        };
        return TensorData.From(name, type, [.. tensor.Shape.Select(d => (long)d)],
            (offset, target) => tensor.ReadBytes(target, (int)(offset / type.Size())));
    }
}
