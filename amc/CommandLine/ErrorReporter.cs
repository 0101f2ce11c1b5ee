using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Training;
using AmcEngine.Collectives;
using AmcEngine.DataTools;
using AmcEngine.Files;
using AmcEngine.Model;
using AmcEngine.Serialization;
using AmcEngine.Tensors;
using ILGPU.Runtime;

namespace AmcEngine.Amc.CommandLine;

/// <summary>The one place where exceptions become a line on the error stream and an exit code.</summary>
internal static class ErrorReporter
{
    /// <summary>All went well.</summary>
    public const int Success = 0;

    /// <summary>Something failed that the input is not to blame for.</summary>
    public const int Failure = 1;

    /// <summary>The input or the usage is wrong.</summary>
    public const int BadInput = 2;

    /// <summary>Writes the line and returns the exit code.</summary>
    /// <param name="error">What happened.</param>
    /// <param name="output">The error stream.</param>
    /// <param name="verbose">Whether to add the stack trace.</param>
    /// <param name="rank">The one of several processes that it happened to; null where that says nothing.</param>
    public static int Report(Exception error, TextWriter output, bool verbose, int? rank = null)
    {
        (var code, var message) = Describe(error);
        var where = rank is { } number ? $"rank {number}: " : "";
        output.WriteLine(MessageText.Line($"error: {where}{message}"));
        if (verbose)
            output.WriteLine(string.Join(Environment.NewLine,
                error.ToString().ReplaceLineEndings("\n").Split('\n').Select(MessageText.Printable)));
        return code;
    }

    /// <summary>The exit code of an error.</summary>
    public static int CodeOf(Exception error) => Describe(error).Code;

    private static (int Code, string Message) Describe(Exception error) => error switch
    {
        ConfigException or DataException or FileWriteException or SerializationException or ModelException
            or DeviceException or CollectiveException => (BadInput, error.Message),
        TrainingException or EngineException => (Failure, error.Message),
        IOException or UnauthorizedAccessException =>
            (BadInput, $"{error.Message} Check that the path exists, is writable and has space."),
        AcceleratorException => (Failure, $"the device failed ({error.Message}); "
            + "see that it is still there with 'amcx devices', and resume from the last checkpoint"),
        OutOfMemoryException => (Failure, "out of memory; use a smaller batch_size or image_res"),
        _ => (Failure, $"unexpected {error.GetType().Name}: {error.Message} (--verbose shows where)"),
    };
}
