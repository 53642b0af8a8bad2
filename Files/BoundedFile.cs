using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace RegistryProxy.Files;

/// <summary>
/// Reads files that others write: whole, within a bound, and without ever waiting for a writer. Whatever is wrong with a file is an
/// <see cref="IOException"/> whose message names the file and the reason.
/// </summary>
public static partial class BoundedFile
{
    /// <summary>The largest file of settings, certificates, keys or tokens, in bytes.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>Stands in a path behind a folder that no link of the rest may lead out of, whenever it is read.</summary>
    public const string Confinement = "/./";

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>The content of a file of at most <paramref name="maxBytes"/>.</summary>
    /// <exception cref="IOException">There is no such file, it is none, it is too large or it cannot be read.</exception>
    public static byte[] Read(string path, int maxBytes = MaxBytes)
    {
        using var handle = Open(path);
        try
        {
            if (File.GetAttributes(handle).HasFlag(FileAttributes.Directory))
            {
                throw new IOException($"{path} is a folder, not a file");
            }

            using var file = new FileStream(handle, FileAccess.Read, bufferSize: 0);
            return file.CanSeek ? ReadAll(file, path, maxBytes) : throw new IOException($"{path} is not a regular file");
        }
        catch (Exception fault) when (fault is UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new IOException($"{path} cannot be read: {fault.Message}", fault);
        }
    }

    /// <summary>The first bytes of a file, and how many it has.</summary>
    /// <exception cref="IOException">There is no such file, it is none or it cannot be read.</exception>
    public static (byte[] Head, long Length) ReadHead(string path, int bytes)
    {
        using var handle = Open(path);
        try
        {
            using var file = new FileStream(handle, FileAccess.Read, bufferSize: 0);
            var head = new byte[(int)Math.Min(bytes, file.Length)];
            return (head[..file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)], file.Length);
        }
        catch (Exception fault) when (fault is UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new IOException($"{path} cannot be read: {fault.Message}", fault);
        }
    }

    /// <summary>The text of a file in UTF-8, without its byte order mark.</summary>
    /// <exception cref="IOException">As with <see cref="Read"/>, or it is not UTF-8.</exception>
    public static string ReadText(string path, int maxBytes = MaxBytes)
    {
        var content = Read(path, maxBytes).AsSpan();
        try
        {
            return Strict.GetString(content.StartsWith(Encoding.UTF8.Preamble) ? content[Encoding.UTF8.Preamble.Length..] : content);
        }
        catch (DecoderFallbackException fault)
        {
            var line = 1 + content[..Math.Clamp(fault.Index, 0, content.Length)].Count((byte)'\n');
            throw new IOException($"{path} is not text in UTF-8 (line {line})", fault);
        }
    }

    private static byte[] ReadAll(FileStream file, string path, int maxBytes)
    {
        // The length of a file in /proc is 0, and one that is written now grows: only reading tells.
        if (file.Length > maxBytes)
        {
            throw TooLarge(path, maxBytes);
        }

        var content = new byte[(int)file.Length + 1];
        var length = 0;
        while (length <= maxBytes)
        {
            if (length == content.Length)
            {
                Array.Resize(ref content, (int)Math.Min(content.Length * 2L, maxBytes + 1L));
            }

            if (file.Read(content, length, content.Length - length) is > 0 and var read)
            {
                length += read;
            }
            else
            {
                return content[..length];
            }
        }

        throw TooLarge(path, maxBytes);
    }

    private static IOException TooLarge(string path, int maxBytes) => new($"{path} is larger than {maxBytes} bytes");

    /// <summary>
    /// Whether a path has a folder before <see cref="Confinement"/> that it leads out of. One that cannot be opened does not.
    /// </summary>
    public static bool LeadsOut(string path)
    {
        try
        {
            using var handle = Open(path);
            return false;
        }
        catch (EscapingFileException)
        {
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static SafeFileHandle Open(string path)
    {
        var handle = OpenAny(path);
        var end = path.IndexOf(Confinement, StringComparison.Ordinal);
        if (end < 0)
        {
            return handle;
        }

        try
        {
            using var folder = OpenAny(path[..end]);
            if (RealPath(handle) is { } real && RealPath(folder) is { } root
                && (real == root || real.StartsWith($"{root}/", StringComparison.Ordinal)))
            {
                return handle;
            }
        }
        catch
        {
            handle.Dispose();
            throw;
        }

        handle.Dispose();
        throw new EscapingFileException($"{path} is a link that leads out of {path[..end]}");
    }

    /// <summary>Where a file or folder is, whatever links lead there; the path itself where that cannot be said.</summary>
    public static string RealPathOf(string path)
    {
        try
        {
            using var handle = OpenAny(path);
            return RealPath(handle) ?? path;
        }
        catch (IOException)
        {
            return path;
        }
    }

    /// <summary>Where a file is, whatever led there; <c>null</c> where that cannot be said.</summary>
    private static string? RealPath(SafeFileHandle handle) =>
        OperatingSystem.IsLinux() ? new FileInfo($"/proc/self/fd/{handle.DangerousGetHandle()}").LinkTarget : null;

    private static SafeFileHandle OpenAny(string path)
    {
        if (path.Length == 0 || path.Contains('\0'))
        {
            throw new IOException("a path may not be empty or hold a NUL character");
        }

        if (OperatingSystem.IsWindows())
        {
            return File.OpenHandle(path);
        }

        // Opening a pipe without a writer would wait for one; O_NONBLOCK makes no difference for regular files.
        var flags = OperatingSystem.IsMacOS() ? 0x0100_0004 : 0x8_0800;
        int descriptor, error;
        do
        {
            (descriptor, error) = (Open(path, flags), Marshal.GetLastPInvokeError());
        }
        while (descriptor < 0 && error == 4);

        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw Failed(path, error);
    }

    private static IOException Failed(string path, int error) => error switch
    {
        2 or 20 => new FileNotFoundException($"there is no file {path}", path),
        13 => new IOException($"{path} cannot be read: permission denied"),
        40 or 62 => new IOException($"{path} cannot be read: its symbolic links lead in a circle"),
        _ => new IOException($"{path} cannot be read: {Marshal.GetPInvokeErrorMessage(error)}"),
    };

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);
}

/// <summary>A file is not where its path says: a link leads out of the folder that it must be in.</summary>
public sealed class EscapingFileException(string message) : IOException(message);
