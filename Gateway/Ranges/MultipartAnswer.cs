using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using RegistryProxy.Gateway.Streaming;

namespace RegistryProxy.Gateway.Ranges;

/// <summary>The parts of an answer to several ranges, one after the other (RFC 9110 §14.6). What is not of the form ends it.</summary>
internal sealed class MultipartAnswer : IDisposable
{
    /// <summary>The head of a part, in bytes.</summary>
    private const int MaxHead = 4096;

    private const int MaxHeaders = 16;

    private const int ChunkBytes = 32 * 1024;

    private readonly HttpResponseMessage _answer;
    private readonly MultipartReader _reader;
    private Stream? _part;

    private MultipartAnswer(HttpResponseMessage answer, MultipartReader reader) => (_answer, _reader) = (answer, reader);

    /// <summary>Begins to read; <c>null</c> when an answer is none of several parts.</summary>
    public static async Task<MultipartAnswer?> Open(HttpResponseMessage answer, CancellationToken cancellation)
    {
        if (!answer.Content.Headers.NonValidated.TryGetValues("Content-Type", out var values)
            || !MediaTypeHeaderValue.TryParse(values.ToString(), out var type)
            || !type.MediaType.Equals("multipart/byteranges", StringComparison.OrdinalIgnoreCase)
            || HeaderUtilities.RemoveQuotes(type.Boundary) is not { Length: > 0 and <= 70 } boundary)
        {
            return null;
        }

        var reader = new MultipartReader(boundary.Value!, await answer.Content.ReadAsStreamAsync(cancellation), ChunkBytes)
        {
            HeadersCountLimit = MaxHeaders, HeadersLengthLimit = MaxHead,
        };
        return new MultipartAnswer(answer, reader);
    }

    /// <summary>The next part and how long the content is; <c>null</c> when there is none, or what comes is none.</summary>
    /// <exception cref="IOException">The upstream ended early.</exception>
    public async Task<RangePart?> Next(CancellationToken cancellation)
    {
        try
        {
            if (_part is not null && await _part.ReadAsync(new byte[1], cancellation) > 0)
            {
                // It is longer than it is said to be, who knows how much.
                return null;
            }

            if (await _reader.ReadNextSectionAsync(cancellation) is not { Headers: { } headers } section
                || !headers.TryGetValue("Content-Range", out var text)
                || !ContentRangeHeaderValue.TryParse(text.ToString(), out var range)
                || range is not { From: { } from, To: { } to, Length: { } size })
            {
                return null;
            }

            _part = section.Body;
            return new RangePart(new ByteRange(from, to - from + 1, true), size, section.Body);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    public void Dispose() => _answer.Dispose();
}

/// <summary>One part of an answer.</summary>
/// <param name="Range">Which it is said to be.</param>
/// <param name="Size">How long the content is said to be, in bytes.</param>
/// <param name="Body">Its bytes.</param>
internal sealed record RangePart(ByteRange Range, long Size, Stream Body);
