using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Training;
using AmcEngine.Serialization;

namespace AmcEngine.Amc.CommandLine;

/// <summary><c>amcx convert</c>.</summary>
internal static class ConvertCommand
{
    /// <summary>
    /// Copies the weights of a checkpoint, names and element types unchanged, into a safetensors file.
    /// </summary>
    /// <exception cref="ConfigException">The output is not to be a safetensors file.</exception>
    public static int Run(ConvertOptions options, CommandContext context)
    {
        if (!Path.GetExtension(options.Output).Equals(".safetensors", StringComparison.OrdinalIgnoreCase))
            throw new ConfigException(
                $"{options.Output}: only safetensors files are written; end the name with .safetensors");
        var input = CheckpointFile.Find(options.Input, options.Key);
        var count = input.Read(file =>
        {
            WeightRules.WarnOfChoice(input.Path, file.Key, file.OtherKeys, "--key", context.Warn);
            foreach (var skipped in file.Skipped)
                context.Warn($"{skipped.Name}: is {skipped.What} and is left out");
            SafetensorsWriter.Write(options.Output, file.Tensors);
            foreach (var tensor in file.Tensors)
                if (NonFinite.Count(tensor) is > 0 and long bad)
                    context.Warn($"{tensor.Name}: {bad} of {tensor.Count} numbers are NaN or infinite; "
                        + "they are written as they are");
            return file.Tensors.Count;
        });
        context.Out.WriteLine($"{options.Output}: {count} tensors written");
        return ErrorReporter.Success;
    }
}
