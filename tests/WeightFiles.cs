using AmcEngine.Serialization;

namespace AmcEngine.Tests;

/// <summary>Short ways for the tests to what lies in a file of weights.</summary>
internal static class WeightFiles
{
    extension(SafetensorsReader)
    {
        /// <summary>Every tensor of a file, in memory.</summary>
        public static IReadOnlyList<TensorData> ReadAll(string path)
        {
            using var reader = SafetensorsReader.Open(path);
            return [.. reader.Tensors.Select(tensor => tensor.ToMemory())];
        }
    }

    extension(TorchCheckpoint checkpoint)
    {
        /// <summary>The tensors of the usual state dict.</summary>
        public IReadOnlyList<TensorData> Tensors => checkpoint.StateUnder(null).Tensors;

        /// <summary>What lies at a path of keys and positions; null where it leads nowhere.</summary>
        public object? Find(params ReadOnlySpan<object> path)
        {
            var here = checkpoint.Root;
            foreach (var step in path)
            {
                here = here switch
                {
                    OrderedDictionary<object, object?> map =>
                        map.GetValueOrDefault(step is int number ? (long)number : step),
                    IReadOnlyList<object?> list when step is int index && index < list.Count => list[index],
                    _ => null,
                };
            }
            return here;
        }
    }
}
