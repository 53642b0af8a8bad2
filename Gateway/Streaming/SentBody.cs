namespace RegistryProxy.Gateway.Streaming;

/// <summary>How much of the body of an answer was given to its client's connection: what counts of one that is cut off.</summary>
internal sealed class SentBody
{
    /// <summary>Bytes so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether the connection ended before the body did, which the request may hear of a moment later only.</summary>
    public bool IsCut { get; private set; }

    /// <summary>That of an answer.</summary>
    public static SentBody Of(HttpContext context)
    {
        if (context.Features.Get<SentBody>() is { } known)
        {
            return known;
        }

        var begun = new SentBody();
        context.Features.Set(begun);
        return begun;
    }

    /// <summary>So many more were. To be told by one at a time.</summary>
    public void Add(long bytes) => Bytes += bytes;

    /// <summary>Nothing more is taken.</summary>
    public void Cut() => IsCut = true;
}
