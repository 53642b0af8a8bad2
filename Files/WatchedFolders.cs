namespace RegistryProxy.Files;

/// <summary>
/// Tells whether entries of folders may have come, gone or been replaced since they were listed, without listing them. For one thread at a
/// time.
/// </summary>
public sealed class WatchedFolders
{
    private ulong? _stamp;
    private int _looks;

    /// <summary>Whether they have to be listed again.</summary>
    /// <param name="folders">Those that were listed, and those that were not there.</param>
    public bool MayHaveChanged(IReadOnlyList<string> folders)
    {
        var stamp = FileStamp.OfEntries(folders);
        _looks = stamp is null || stamp != _stamp || _looks >= WatchedFiles.Rereading ? 0 : _looks + 1;
        _stamp = stamp;
        return _looks < WatchedFiles.Settling;
    }
}
