using RegistryProxy.Configuration;

namespace RegistryProxy.ServiceDefaults.Audit;

/// <summary>Where lines go: stdout, stderr, or a file that is put aside as <c>.1</c>, <c>.2</c> … when it is full.</summary>
internal sealed class AuditSink(AuditConfiguration configuration) : IDisposable
{
    private Stream? _stream;
    private long _length;

    public AuditConfiguration Configuration => configuration;

    /// <summary>Writes whole lines.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public async Task Write(ReadOnlyMemory<byte> lines, CancellationToken cancellation)
    {
        if (_stream is not null && configuration.File is not null && _length > 0 && _length + lines.Length > configuration.MaxBytes)
        {
            Close();
            PutAside(configuration.File);
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
        _length = file.CanSeek ? file.Length : 0;
        return file;
    }

    private void Close()
    {
        _stream?.Dispose();
        _stream = null;
    }

    private void PutAside(string path)
    {
        File.Delete($"{path}.{configuration.Keep}");
        for (var i = configuration.Keep - 1; i >= 1; i--)
        {
            if (File.Exists($"{path}.{i}"))
            {
                File.Move($"{path}.{i}", $"{path}.{i + 1}");
            }
        }

        File.Move(path, $"{path}.1");
    }
}
