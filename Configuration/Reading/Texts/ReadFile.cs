using RegistryProxy.Files;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration.Reading.Texts;

/// <summary>
/// One file of a configuration: what was taken of it, and whether there is something else in it. For one thread at a time.
/// </summary>
internal sealed class ReadFile
{
    /// <summary>How long files must be as they are before they count: many may be replaced one after the other.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);

    private readonly string _name;
    private readonly string _path;
    private readonly string _opened;
    private readonly WatchedFiles _file;
    private string _seen;
    private string? _taken;
    private long _changedAt;

    /// <param name="name">The <see cref="PartText.Name"/>; empty for the main file.</param>
    /// <param name="path">The file.</param>
    /// <param name="isConfined">Whether no link may lead from it out of its folder: a tenant writes it.</param>
    public ReadFile(string name, string path, bool isConfined = false)
    {
        (_name, _path) = (name, path);
        _opened = isConfined ? $"{Path.GetDirectoryName(path)}{BoundedFile.Confinement}{Path.GetFileName(path)}" : path;
        _file = new WatchedFiles([_opened], BoundedFile.MaxBytes);
        _seen = _file.Look();
    }

    /// <summary>What was taken.</summary>
    public OfferedPart Taken { get; private set; } = new("", "", null);

    /// <summary>Whether it holds something else than what was taken.</summary>
    public bool IsPending => _seen != _taken;

    /// <summary>Whether that has been in it for a while.</summary>
    public bool IsSettled(TimeProvider time) => time.GetElapsedTime(_changedAt) >= Quiet;

    /// <summary>Looks; whether it is another than at the look before.</summary>
    public bool Look(TimeProvider time)
    {
        var now = _file.Look();
        if (now == _seen)
        {
            return false;
        }

        (_seen, _changedAt) = (now, time.GetTimestamp());
        return true;
    }

    /// <summary>Takes what is in it now.</summary>
    public OfferedPart Take()
    {
        _taken = _seen;
        try
        {
            var text = BoundedFile.ReadText(_opened, BoundedFile.MaxBytes);
            Taken = Taken.Text?.Text.Reveal() == text ? Taken with { Problem = "" }
                : new OfferedPart(_name, _path, new PartText(_name, _path, new Secret(text)));
        }
        catch (IOException fault)
        {
            Taken = new OfferedPart(_name, _path, null, fault.Message);
        }

        return Taken;
    }
}
