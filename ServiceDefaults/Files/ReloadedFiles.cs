using System.Security.Cryptography;
using RegistryProxy.Files;

namespace RegistryProxy.ServiceDefaults.Files;

/// <summary>
/// What is made of a few small files, looked at once a second when it is asked for and made again when they changed. Changed files that are
/// of no use leave the last good ones in use.
/// </summary>
/// <param name="load">Makes it.</param>
/// <param name="refuse">Why what was made must not take the place of what is in use; <c>null</c> when it may.</param>
internal sealed class ReloadedFiles<T>(string[] paths, Func<T> load, Func<T, T, string?> refuse, TimeProvider time)
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private (WatchedFiles Files, string Stamp) _seen = Watch(paths);
    private T _current = load();
    private string? _problem;
    private long _checked = time.GetTimestamp();

    public T Current => Look().Current;

    /// <summary>What is in use, and why changed files are not; <c>null</c> when those that are there are in use.</summary>
    public (T Current, string? Problem) Look()
    {
        lock (_gate)
        {
            if (time.GetElapsedTime(_checked) > Period)
            {
                _checked = time.GetTimestamp();
                Reload();
            }

            return (_current, _problem);
        }
    }

    private static (WatchedFiles Files, string Stamp) Watch(string[] paths)
    {
        var files = new WatchedFiles(paths);
        return (files, files.Look());
    }

    private void Reload()
    {
        var stamp = _seen.Files.Look();
        if (stamp == _seen.Stamp)
        {
            _problem = null;
            return;
        }

        try
        {
            // Files are rarely replaced at the same instant: a second later they may be a set.
            var next = load();
            _problem = refuse(_current, next);
            if (_problem is null)
            {
                (_current, _seen.Stamp) = (next, stamp);
            }
        }
        catch (Exception fault) when (fault is CryptographicException or IOException)
        {
            _problem = fault.Message;
        }
    }
}
