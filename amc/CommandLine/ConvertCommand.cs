using System.Globalization;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Runs;
using AmcEngine.Amc.Training;
using AmcEngine.Serialization;

namespace AmcEngine.Amc.CommandLine;

/// <summary><c>amcx convert</c>.</summary>
internal static class ConvertCommand
{
    private const string NoWrap = "none";

    /// <summary>What <c>checkpoint['model']</c> of the reference's loader finds.</summary>
    private const string DefaultWrap = "model";

    private static readonly string[] TorchExtensions = [".pth", ".pt", ".bin"];

    private static readonly (string Unit, double Bytes)[] Units =
    [
        ("KIB", 1 << 10), ("MIB", 1 << 20), ("GIB", 1 << 30), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("B", 1), ("", 1),
    ];

    private delegate IReadOnlyList<string> Writer(IReadOnlyList<TensorData> tensors);

    /// <summary>
    /// Copies the weights of a checkpoint, names unchanged, into one of another form; tied ones are stored once.
    /// </summary>
    /// <exception cref="ConfigException">Output and options do not name something that is written.</exception>
    public static int Run(ConvertOptions options, CommandContext context)
    {
        var write = WriterFor(options);
        TensorDataType? type = options.DType?.ToLowerInvariant() switch
        {
            null => null,
            "f32" => TensorDataType.F32,
            "f16" => TensorDataType.F16,
            "bf16" => TensorDataType.BF16,
            _ => throw new ConfigException($"--dtype {options.DType}: unknown element type; use f32, f16 or bf16"),
        };
        var input = CheckpointFile.Find(options.Input, options.Key);
        return input.Read(file =>
        {
            WeightRules.WarnOfChoice(input.Path, file.Key, file.OtherKeys, "--key", context.Warn);
            foreach (var skipped in file.Skipped)
                context.Warn($"{skipped.Name}: is {skipped.What} and is left out");
            var files = write(type is { } wanted ? [.. file.Tensors.Select(t => t.ConvertTo(wanted))] : file.Tensors);
            WarnOfNonFinite(file.Tensors, context);
            context.Out.WriteLine($"{files[^1]}: {file.Tensors.Count} tensors written"
                + (files.Count > 1 ? $" to {files.Count - 1} files beside it" : ""));
            return ErrorReporter.Success;
        });
    }

    private static void WarnOfNonFinite(IReadOnlyList<TensorData> tensors, CommandContext context)
    {
        foreach (var tensor in tensors)
            if (NonFinite.Count(tensor) is > 0 and long bad)
                context.Warn($"{tensor.Name}: {bad} of {tensor.Count} numbers are NaN or infinite; "
                    + "they are written as they are");
    }

    private static Writer WriterFor(ConvertOptions options)
    {
        var extension = Path.GetExtension(options.Output).ToLowerInvariant();
        var isTorch = TorchExtensions.Contains(extension);
        if (options.Wrap is not null && !isTorch)
            throw new ConfigException($"--wrap {options.Wrap}: only PyTorch checkpoints hold weights under a key; end "
                + "the output with .pth, or leave --wrap out");
        if (isTorch)
            return options.ShardSize is null ? tensors => Torch(options, tensors) : throw new ConfigException(
                $"--shard-size {options.ShardSize}: PyTorch checkpoints are one file; end the output with .safetensors "
                    + "or name a folder");
        if (options.ShardSize is not { } size)
            return extension == ".safetensors" ? tensors => Single(options.Output, tensors) : throw new ConfigException(
                $"{options.Output}: end the name with .safetensors, or with .pth for a PyTorch checkpoint");
        var bytes = Bytes(size);
        if (extension.Length > 0 && extension != ".safetensors" && !Directory.Exists(options.Output))
            throw new ConfigException(
                $"{options.Output}: shards need a folder, or a name that ends with .safetensors");
        return tensors => Shards(options.Output, extension, bytes, tensors);
    }

    private static IReadOnlyList<string> Torch(ConvertOptions options, IReadOnlyList<TensorData> tensors)
    {
        var wrap = options.Wrap ?? DefaultWrap;
        TorchWriter.Write(
            options.Output, tensors, wrap.Equals(NoWrap, StringComparison.OrdinalIgnoreCase) ? null : wrap);
        return [options.Output];
    }

    private static IReadOnlyList<string> Single(string output, IReadOnlyList<TensorData> tensors)
    {
        SafetensorsWriter.WriteOnce(output, tensors);
        return [output];
    }

    private static IReadOnlyList<string> Shards(
        string output, string extension, long bytes, IReadOnlyList<TensorData> tensors)
    {
        var isFolder = extension != ".safetensors" || Directory.Exists(output);
        if (!isFolder)
            return SafetensorsShards.Write(output, tensors, bytes);
        var isNew = !Directory.Exists(output);
        Directory.CreateDirectory(output);
        try
        {
            return SafetensorsShards.Write(Path.Combine(output, CheckpointLayout.Model), tensors, bytes);
        }
        catch when (isNew)
        {
            Directory.Delete(output);
            throw;
        }
    }

    private static long Bytes(string size)
    {
        var text = size.Trim().ToUpperInvariant();
        var (unit, factor) = Units.First(u => text.EndsWith(u.Unit, StringComparison.Ordinal));
        const NumberStyles style = NumberStyles.AllowDecimalPoint | NumberStyles.AllowTrailingWhite;
        return double.TryParse(text[..^unit.Length], style, CultureInfo.InvariantCulture, out var n)
            && n * factor is >= 1 and < 1e18
            ? (long)(n * factor)
            : throw new ConfigException($"--shard-size {size}: is no size; give one such as 500MB or 2GB");
    }
}
