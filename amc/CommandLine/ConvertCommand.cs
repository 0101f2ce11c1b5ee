using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Training;
using AmcEngine.Serialization;

namespace AmcEngine.Amc.CommandLine;

/// <summary><c>amcx convert</c>.</summary>
internal static class ConvertCommand
{
    /// <summary>Copies the weights of a checkpoint, names and element types unchanged, into a safetensors file.</summary>
    /// <exception cref="ConfigException">The output is not to be a safetensors file.</exception>
    public static int Run(ConvertOptions options, CommandContext context)
    {
        if (Path.GetExtension(options.Output) != ".safetensors")
            throw new ConfigException($"{options.Output}: only safetensors files are written; end the name with .safetensors");
        CheckpointFile input = CheckpointFile.Find(options.Input);
        int count = input.Read(tensors =>
        {
            SafetensorsWriter.Write(options.Output, tensors);
            return tensors.Count;
        });
        context.Out.WriteLine($"{options.Output}: {count} tensors written");
        return ErrorReporter.Success;
    }
}
