namespace RegistryProxy.Protocol;

/// <summary>
/// An error of the distribution API: a code of the specification (OCI distribution-spec, "Error codes"), the HTTP status that goes
/// with it and a message for people.
/// </summary>
/// <param name="Code">One of the codes of the specification.</param>
/// <param name="Status">The HTTP status, 400 to 599.</param>
/// <param name="Message">What happened and what mends it; clients print it.</param>
public sealed record DistributionError(string Code, int Status, string Message)
{
    /// <summary>When to come back, in whole seconds; sent as <c>Retry-After</c>.</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>
    /// Whether it is about who asked, and not about what was asked for: nobody else who asks for the same is told of it. By default it is
    /// not.
    /// </summary>
    public bool IsOfCaller { get; init; }

    /// <summary>
    /// Whether the upstream refuses what it was asked for: it is no outage, and no refusal of the client's either, whose code this has not.
    /// </summary>
    public bool IsRefusedUpstream { get; init; }

    /// <summary>What is wrong with an answer of an upstream that came and cannot be used, for operators; <c>null</c> for no such.</summary>
    public string? Oddity { get; init; }

    /// <summary>The OAuth2 error code that a polling device looks for (RFC 8628 §3.5); sent beside the errors.</summary>
    public string? OAuthError { get; init; }

    /// <summary>How long the content is, when a range lies outside it; sent as <c>Content-Range</c>.</summary>
    public string? ContentRange { get; init; }

    /// <summary>How to log in; sent as <c>WWW-Authenticate</c> with a 401.</summary>
    public string? Challenge { get; init; }

    /// <summary>
    /// Who may not do what, for clients that show nothing but the status line; <c>null</c> for the usual phrase of the status.
    /// </summary>
    public string? Reason { get; init; }

    public static DistributionError BlobUnknown() => new("BLOB_UNKNOWN", 404, "blob unknown to this repository");

    public static DistributionError UploadUnknown() =>
        new("BLOB_UPLOAD_UNKNOWN", 404, "upload unknown here: it ended, or belongs to another identity or repository; start a new one");

    public static DistributionError UploadInvalid(string message, int status = 400) => new("BLOB_UPLOAD_INVALID", status, message);

    public static DistributionError DigestInvalid() =>
        new("DIGEST_INVALID", 400, "the digest is not 'sha256:' or 'sha512:' and lower-case hex of the right length");

    public static DistributionError ManifestUnknown() => new("MANIFEST_UNKNOWN", 404, "manifest unknown to this repository");

    public static DistributionError ManifestInvalid(string message, int status = 400) => new("MANIFEST_INVALID", status, message);

    public static DistributionError NameInvalid(string message) => new("NAME_INVALID", 400, message);

    public static DistributionError NameUnknown(string message = "repository unknown here") => new("NAME_UNKNOWN", 404, message);

    public static DistributionError NotFound(string message) => new("UNSUPPORTED", 404, message);

    public static DistributionError SizeInvalid(string message, int status = 400) => new("SIZE_INVALID", status, message);

    public static DistributionError Unauthorized(string message) => new("UNAUTHORIZED", 401, message);

    public static DistributionError Denied(string message) => new("DENIED", 403, message);

    public static DistributionError Unsupported(string message, int status = 405) => new("UNSUPPORTED", status, message);

    public static DistributionError TooManyRequests(string message, int retryAfterSeconds) =>
        new("TOOMANYREQUESTS", 429, message) { RetryAfterSeconds = retryAfterSeconds };

    /// <summary>Something behind the front door does not answer, 502 or 503, or something in it is wrong, 500: worth another try.</summary>
    public static DistributionError Unavailable(int status, string message, int retryAfterSeconds) =>
        new(status == 500 ? "UNKNOWN" : "UNAVAILABLE", status, message) { RetryAfterSeconds = retryAfterSeconds };

    /// <summary>Something behind the front door is wrong, and stays so until somebody mends it.</summary>
    public static DistributionError BadGateway(string message) => new("UNAVAILABLE", 502, message);
}
