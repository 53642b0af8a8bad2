using System.Net;
using System.Text;
using RegistryProxy.Tests.Support.Images;

namespace RegistryProxy.Tests.Support.Wire;

/// <summary>Whether an answer to ranges is exactly the parts that it should be.</summary>
internal static class RangeAnswer
{
    /// <summary>Whether it is these parts of a blob: one as itself, several as a multipart body.</summary>
    public static async Task ShouldBe(this HttpResponseMessage response, TestBlob blob, params (int First, int Last)[] parts)
    {
        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
        var body = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal(response.Content.Headers.ContentLength, body.Length);
        Assert.Equal(blob.Digest.Value, response.Headers.GetValues("Docker-Content-Digest").Single());
        if (parts is [var (first, last)])
        {
            Assert.Equal($"bytes {first}-{last}/{blob.Bytes.Length}", response.Content.Headers.ContentRange!.ToString());
            Assert.Equal(blob.Bytes[first..(last + 1)], body);
            return;
        }

        var type = response.Content.Headers.ContentType!;
        Assert.Equal("multipart/byteranges", type.MediaType);
        Assert.Equal(Body(blob, type.Parameters.Single(parameter => parameter.Name == "boundary").Value!, parts), body);
    }

    /// <summary>The multipart body of parts.</summary>
    public static byte[] Body(TestBlob blob, string boundary, params (int First, int Last)[] parts)
    {
        using var body = new MemoryStream();
        foreach (var (first, last) in parts)
        {
            body.Write(Encoding.ASCII.GetBytes(
                $"\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes {first}-{last}/{blob.Bytes.Length}" +
                "\r\n\r\n"));
            body.Write(blob.Bytes.AsSpan(first..(last + 1)));
        }

        body.Write(Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n"));
        return body.ToArray();
    }
}
