namespace RegistryProxy.Gateway.Cache;

/// <summary>One file of the cache.</summary>
internal sealed class DiskEntry(string name, long size, bool isVerified)
{
    public string Name => name;

    /// <summary>In bytes.</summary>
    public long Size => size;

    /// <summary>Readers that have it open; it is not evicted under them.</summary>
    public int Readers { get; set; }

    /// <summary>Whether this process has seen that the bytes are what the name says. Files of an earlier one are looked at before they are served.</summary>
    public bool IsVerified { get; set; } = isVerified;
}
