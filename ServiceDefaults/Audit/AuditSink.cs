using RegistryProxy.Configuration;

namespace RegistryProxy.ServiceDefaults.Audit;

/// <summary>
/// Where lines go: stdout, stderr, or a file that is put aside as <c>.1</c>, <c>.2</c> … when it is full. While it cannot be, it is
/// written on: an event that is lost is worse than a file that is too long.
/// </summary>
/// <param name="configuration">Where.</param>
/// <param name="time">The clock.</param>
/// <param name="tell">Is told why the file cannot be put aside: once, until it can.</param>
/// <param name="tellWell">Is told that it can again.</param>
internal sealed class AuditSink(AuditConfiguration configuration, TimeProvider time, Action<string> tell, Action tellWell) : IDisposable
{
    /// <summary>How soon it is tried again to put a file aside.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private Stream? _stream;
    private long _lookedAt;
    private long _length;
    private long? _failedAt;

    public AuditConfiguration Configuration => configuration;

    /// <summary>Writes whole lines.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public async Task Write(ReadOnlyMemory<byte> lines, CancellationToken cancellation)
    {
        if (_stream is not null && configuration.File is { } path && _length > 0 && _length + lines.Length > configuration.MaxBytes
            && !(_failedAt is { } failedAt && time.GetElapsedTime(failedAt) < Pause) && TryPutAside(path))
        {
            Close();
        }

        if (_stream is not null && IsGone())
        {
            Close();
        }

        _stream ??= Open();
        await _stream.WriteAsync(lines, cancellation);
        await _stream.FlushAsync(cancellation);
        _length += _stream.CanSeek ? lines.Length : 0;
    }

    public void Dispose() => Close();

    private Stream Open()
    {
        if (configuration.File is not { } path)
        {
            return configuration.ToStandardError ? Console.OpenStandardError() : Console.OpenStandardOutput();
        }

        if (Path.GetDirectoryName(path) is { Length: > 0 } folder)
        {
            Directory.CreateDirectory(folder);
        }

        var options = new FileStreamOptions
        {
            Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        }

        var file = new FileStream(path, options);
        _lookedAt = time.GetTimestamp();
        _length = file.CanSeek ? file.Length : 0;
        return file;
    }

    private void Close()
    {
        _stream?.Dispose();
        _stream = null;
    }

    /// <summary>
    /// Whether somebody moved or deleted the file that is written, or made another in its place, as <c>logrotate</c> does: it is looked at
    /// once a second.
    /// </summary>
    private bool IsGone()
    {
        if (configuration.File is not { } path || time.GetElapsedTime(_lookedAt) < Look)
        {
            return false;
        }

        _lookedAt = time.GetTimestamp();
        return new FileInfo(path) is var file && (!file.Exists || file.Length < _length);
    }

    private bool TryPutAside(string path)
    {
        try
        {
            PutAside(path);
            if (_failedAt is not null)
            {
                tellWell();
            }

            _failedAt = null;
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            if (_failedAt is null)
            {
                tell(fault.Message);
            }

            _failedAt = time.GetTimestamp();
            return false;
        }
    }

    /// <summary>Up to the first name that is free, and only if all can be moved: trying in vain loses no file of before.</summary>
    private void PutAside(string path)
    {
        var free = 1;
        while (IsTaken($"{path}.{free}") && free < configuration.Keep)
        {
            free++;
        }

        for (var i = 1; i <= free; i++)
        {
            if (IsTaken($"{path}.{i}") && !File.Exists($"{path}.{i}"))
            {
                throw new IOException($"{path}.{i} is in the way, and no file");
            }
        }

        File.Delete($"{path}.{free}");
        for (var i = free; i > 1; i--)
        {
            File.Move($"{path}.{i - 1}", $"{path}.{i}");
        }

        File.Move(path, $"{path}.1");
    }

    /// <summary>Whether something has a name: a file, a folder, or a link, wherever it leads.</summary>
    private static bool IsTaken(string path) => Path.Exists(path) || new FileInfo(path).LinkTarget is not null;
}
