/* FreeRADIUS before 3.2.5 crashes where it keeps a new password: it asks OpenSSL 3 for a length of RC4's key
 * before it has said that it wants RC4 (its pull request 5340). Sixteen octets are what RC4 has anyway. */
int EVP_CIPHER_CTX_set_key_length(void *context, int length)
{
	(void)context;
	return length == 16;
}
