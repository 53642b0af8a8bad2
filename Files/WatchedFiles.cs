namespace RegistryProxy.Files;

/// <summary>
/// Tells what is in small files, and reads them only when the file system says that they may have changed. Swapped links, replaced files
/// and files whose time was set back are seen. For one thread at a time.
/// </summary>
/// <param name="paths">The files and folders.</param>
/// <param name="maxBytes">The most that one file may have.</param>
public sealed class WatchedFiles(IEnumerable<string> paths, int maxBytes = BoundedFile.MaxBytes)
{
    /// <summary>Looks after a change that read again: times of files are coarse, and two changes may have the same one.</summary>
    internal const int Settling = 6;

    /// <summary>After so many looks they are read whatever the file system says.</summary>
    internal const int Rereading = 240;

    private readonly string[] _paths = [.. paths];
    private ulong? _stamp;
    private string? _fingerprint;
    private int _looks;

    /// <summary>How often they were read.</summary>
    internal int Readings { get; private set; }

    /// <summary>As <see cref="ContentFingerprint"/> has it: what is in them now.</summary>
    public string Look()
    {
        var stamp = FileStamp.Of(_paths);
        _looks = stamp is null || stamp != _stamp || _looks >= Rereading ? 0 : _looks + 1;
        _stamp = stamp;
        if (_fingerprint is null || _looks < Settling)
        {
            Readings++;
            _fingerprint = ContentFingerprint.Of(_paths, maxBytes, out var isWhole);

            // What could not be read, for want of descriptors perhaps, is read again the next time.
            _looks = isWhole ? _looks : 0;
        }

        return _fingerprint;
    }
}
