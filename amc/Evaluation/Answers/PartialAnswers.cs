using AmcEngine.Amc.Evaluation.Cache;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Files;

namespace AmcEngine.Amc.Evaluation.Answers;

/// <summary>
/// Answers on the disk while an evaluation goes on, so that a killed one can be resumed: a file beside the one that the
/// user has named, which goes when that is written.
/// </summary>
internal sealed class PartialAnswers : IDisposable
{
    private const string Suffix = ".part";

    private readonly string _path;
    private readonly string _mark;
    private readonly Action<string> _warn;
    private readonly byte[] _known;
    private FileStream? _file;
    private AnswerFile _fresh;
    private bool _failed;

    /// <summary>Begins no file yet.</summary>
    /// <param name="samples">The file that the user has named.</param>
    /// <param name="mark">The mark of the evaluation.</param>
    /// <param name="known">Lines of known answers, with which the file begins.</param>
    /// <param name="warn">Told once where the file cannot be written; the evaluation goes on.</param>
    public PartialAnswers(string samples, RunMark mark, byte[] known, Action<string> warn)
    {
        (_path, _mark, _known, _warn) = (PathOf(samples), mark.ToString(), known, warn);
        _fresh = new AnswerFile(_mark);
    }

    /// <summary>Where the answers to a file of samples stand until it is written.</summary>
    public static string PathOf(string samples) => samples + Suffix;

    /// <summary>Takes an answer; it is written by <see cref="Flush"/>.</summary>
    public void Add(PointingAnswer answer) => _fresh.Add(answer);

    /// <summary>Writes what was added.</summary>
    public void Flush()
    {
        var bytes = _fresh.ToBytes();
        _fresh = new AnswerFile(_mark);
        if (_failed || bytes.Length == 0)
            return;
        Try(() =>
        {
            if (_file is null)
            {
                // Whole before it is appended to: what is known is not lost to a kill at this moment.
                DurableFile.Write(_path, _known);
                _file = new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.Read, 1);
            }
            _file.Write(bytes);
        });
    }

    /// <summary>Removes the file: the answers stand elsewhere now.</summary>
    public void Delete()
    {
        Dispose();
        _failed = true;
        Try(() => File.Delete(_path));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
    }

    // A full disk costs the way back, and not the evaluation.
    private void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FileWriteException)
        {
            _failed = true;
            Dispose();
            _warn($"{_path}: answers cannot be kept while they come ({e.Message.TrimEnd('.')}); "
                + "a killed evaluation cannot be resumed");
        }
    }
}
