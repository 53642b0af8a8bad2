using System.Text;
using RegistryProxy.Gateway.Memory;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Listings;

/// <summary>
/// The names of an upstream's listing as they were read, packed, for the pages that a client asks for next.
/// </summary>
/// <param name="room">What listings that are being read may hold together.</param>
internal sealed class ListedNames(ListingMemory room) : IDisposable
{
    /// <summary>The most that is kept of one listing, in bytes.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    private byte[] _names = [];
    private int _length;
    private int _taken;

    /// <summary>The greatest name in ordinal order; empty when there is none.</summary>
    public string Greatest { get; private set; } = "";

    /// <summary>The upstream's page that was read first.</summary>
    public OriginForm Start { get; set; }

    /// <summary>How many of the upstream's pages were read.</summary>
    public int Pages { get; set; }

    /// <summary>The upstream's page that was not read any more; <c>null</c> at the end of the listing.</summary>
    public OriginForm? Next { get; set; }

    /// <summary>What the upstream warns of; <c>null</c> for nothing.</summary>
    public string? Warning { get; set; }

    /// <summary>Whether so many names are here that those of another page may be too many.</summary>
    public bool IsFull => _length > MaxBytes * 3 / 4;

    /// <summary>Whether the names are here; else they were too many to keep.</summary>
    public bool IsKept { get; private set; } = true;

    /// <summary>When it was read.</summary>
    public required long ReadAt { get; init; }

    /// <summary>When it was used last.</summary>
    public long UsedAt { get; set; }

    /// <summary>What it weighs, in bytes.</summary>
    public long Weight => _names.Length + TextWeight.Of(Greatest) + TextWeight.Of(Start.Text)
        + TextWeight.Of(Next?.Text ?? "") + TextWeight.Of(Warning ?? "");

    /// <summary>Takes the next name, which is ASCII and no longer than <see cref="NameReader.MaxName"/>.</summary>
    public void Add(ReadOnlySpan<char> name)
    {
        Greatest = name.SequenceCompareTo(Greatest) > 0 ? name.ToString() : Greatest;
        if (!IsKept || name.Contains('\n'))
        {
            return;
        }

        var size = _length + name.Length + 1;
        if (size > _names.Length && !Grow(size))
        {
            IsKept = false;
            Dispose();
            return;
        }

        Encoding.ASCII.GetBytes(name, _names.AsSpan(_length));
        (_names[size - 1], _length) = ((byte)'\n', size);
    }

    /// <summary>Hands on all names that are kept.</summary>
    public void HandOn(NameTaker take)
    {
        Span<char> name = stackalloc char[NameReader.MaxName];
        for (var left = _names.AsSpan(0, _length); left.Length > 0;)
        {
            var end = left.IndexOf((byte)'\n');
            take(name[..Encoding.ASCII.GetChars(left[..end], name)]);
            left = left[(end + 1)..];
        }
    }

    /// <summary>It was read: gives up its part of what listings may hold while they are read, and what it holds beyond its names.</summary>
    public void Dispose()
    {
        room.Give(_taken);
        (_taken, _names) = (0, IsKept ? _names[.._length] : []);
    }

    private bool Grow(int size)
    {
        var capacity = Math.Min(MaxBytes, Math.Max(Math.Max(size, 1024), _names.Length * 2));
        if (size > capacity || !room.Take(capacity - _names.Length, capacity))
        {
            return false;
        }

        Array.Resize(ref _names, capacity);
        _taken = capacity;
        return true;
    }
}
