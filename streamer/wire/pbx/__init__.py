"""What has to be entered at a PBX so that its calls come to streamer: its versions, and the lines of its files."""
