namespace RegistryProxy.Tests.Malformed;

/// <summary>Requests that are wrong, or odd, in one way.</summary>
/// <param name="Name">What they are.</param>
/// <param name="Make">Makes one, in Latin-1.</param>
/// <param name="Answers">How many answers they may get at most.</param>
internal sealed record Family(string Name, Func<Noise, string> Make, int Answers = 1)
{
    /// <summary>Whether they must be refused, and their connection closed.</summary>
    public bool IsRefused { get; init; }

    /// <summary>Whether the server may wait for more of them, and take what follows for it.</summary>
    public bool MayWait { get; init; }

    /// <summary>Whether they may be answered with a frame of HTTP/2.</summary>
    public bool IsHttp2 { get; init; }

    /// <summary>Whether they come byte by byte.</summary>
    public bool IsTrickled { get; init; }

    /// <summary>Whether the client goes away as soon as it has sent them.</summary>
    public bool IsLeft { get; init; }

    /// <summary>The host that every good request names.</summary>
    public const string Host = "Host: localhost\r\n";

    /// <summary>A request that hides in others and may never be answered: no other asks for the keys.</summary>
    public const string Hidden = $"GET /.well-known/jwks.json HTTP/1.1\r\n{Host}\r\n";

    /// <summary>A request line and what belongs to it.</summary>
    public static string Get(string line, string headers = "") => $"{line}\r\n{Host}{headers}\r\n";

    /// <summary>A good request with more headers.</summary>
    public static string With(string headers) => $"GET /v2/ HTTP/1.1\r\n{Host}{headers}\r\n";

    /// <summary>A request with a body, framed as the headers say.</summary>
    public static string Post(string framing, string body) =>
        $"POST /token HTTP/1.1\r\n{Host}Content-Type: application/x-www-form-urlencoded\r\n{framing}\r\n{body}";

    /// <summary>One with a chunked body.</summary>
    public static string Chunked(string body) => Post("Transfer-Encoding: chunked\r\n", body);

    public override string ToString() => Name;
}
