using Microsoft.Win32.SafeHandles;

namespace RegistryProxy.Gateway.Cache.Disk;

/// <summary>What a file looks like from outside: another stamp means that somebody touched it.</summary>
internal readonly record struct FileStamp(long Length, DateTime WrittenAt)
{
    public static FileStamp Of(SafeFileHandle file) => new(RandomAccess.GetLength(file), File.GetLastWriteTimeUtc(file));
}
