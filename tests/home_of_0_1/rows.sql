-- The rows of a home folder as Lightbox 0.1 left it (migration 0005): SQLite, one of everything.
INSERT INTO users (id, name, name_key, display_name, role, active, must_change_password, session_epoch, password_hash, created_at)
  VALUES ('d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1', 'ada', 'ada', 'Dr Ada', 'clinician', 1, 0, 1, '$argon2id$v=19$m=65536,t=3,p=4$sTaYEeQfErJE+23PPZe1iw$wF/gJWWHAKyU0d1G+1QxXSMjM6+GIRBhab+z0iCsRgU', '2026-11-26 09:19:37.205892');
INSERT INTO users (id, name, name_key, display_name, role, active, must_change_password, session_epoch, password_hash, created_at)
  VALUES ('d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2', 'mel', 'mel', 'Mel Ops', 'mlops', 1, 1, 0, '$argon2id$v=19$m=65536,t=3,p=4$M/XH+RXybb9AgAV9dVJ3CA$7nszG5LhRDMgg95egQXtdS+GpGLRZmDxExvQeSRYLpY', '2026-11-26 09:19:40.948718');
INSERT INTO sign_in_failures (name_key, failures, last_at)
  VALUES ('nobody', 1, '2026-11-26 09:19:41.965288');
INSERT INTO tokens (id, user_id, label, secret_sha256, created_at)
  VALUES ('6a6685a1fd4c44b9bbd9603610f5df51', 'd1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1', 'pacs', 'ad124961ca9dd1a994e8c18775837f4c711b01e685b3862083efa3fbdf237d02', '2026-11-26 09:19:41.921090');
INSERT INTO patients (id, pseudonym, patient_id, name, name_key, label, search_key, created_at, changed)
  VALUES ('aaa6beca076e458392991c382c24863b', 'P-SK6HZ', 'id of Lovelace^Ada', 'Lovelace Ada', 'lovelace ada', 'scan.nii', 'lovelace ada id of lovelace ada', '2026-11-26 09:19:43.121934', 1);
INSERT INTO patients (id, pseudonym, patient_id, name, name_key, label, search_key, created_at, changed)
  VALUES ('03118561f7784f5eadf9c9fa99d2e50d', 'P-262SK', 'id of Hopper^Grace', 'Hopper Grace', 'hopper grace', 'scan.nii', 'hopper grace id of hopper grace', '2026-11-26 09:19:43.365785', 2);
INSERT INTO patients (id, pseudonym, patient_id, name, name_key, label, search_key, created_at, changed)
  VALUES ('68e3f1e03d2d466dac900d5fd767bba6', 'P-DTCX8', 'id of Curie^Marie', 'Curie Marie', 'curie marie', 'scan.nii', 'curie marie id of curie marie', '2026-11-26 09:19:43.497248', 3);
INSERT INTO scans (id, patient_id, content_sha256, status, task, modality, body_part, sequence, sequence_key, manufacturer, scanner, site, acquired_at, sex, age_years, study_uid, series_uid, slice_mm, row_mm, column_mm, grid, slices, height, width, uploaded_by, warnings, created_at, latest_result_id, latest_review_id, synthetic)
  VALUES ('b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1', 'aaa6beca076e458392991c382c24863b', '1ab6bed824d64c0ebe76d6da47bbd95f1ab6bed824d64c0ebe76d6da47bbd95f', 'read', 'brain-tumour', 'MR', 'BRAIN', 'T2 FLAIR ax', 't2 flair ax', 'Siemens', 'Skyra', 'Ward 3', '2026-11-20 08:00:00.123456', 'F', 61.5, '1.2', '1.3', 5.0, 1.0, 1.0, '{"kind":"nifti","shape":[16,16,3],"axes":[2,1,0],"flips":[1],"affine":[[1.0,0.0,0.0,-8.0],[0.0,1.0,0.0,-8.0],[0.0,0.0,5.0,0.0],[0.0,0.0,0.0,1.0]],"placed":true}', 3, 16, 16, 'd1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1', '["The spacing between columns is unknown."]', '2026-11-20 08:00:00.123456', 'a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2', 'c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2', 0);
INSERT INTO scans (id, patient_id, content_sha256, status, task, modality, body_part, manufacturer, scanner, site, acquired_at, sex, age_years, study_uid, series_uid, slice_mm, row_mm, column_mm, grid, slices, height, width, uploaded_by, warnings, created_at, latest_result_id, latest_review_id, synthetic)
  VALUES ('b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2', '03118561f7784f5eadf9c9fa99d2e50d', 'cf35a01c63844d0797f29b6644ef18accf35a01c63844d0797f29b6644ef18ac', 'read', 'pneumonia', 'DX', 'CHEST', 'Siemens', 'Skyra', 'Ward 3', '2026-11-20 08:00:00.123456', 'F', 61.5, '1.2', '1.3', 5.0, 1.0, 1.0, '{"kind":"png","shape":[16,16],"axes":[1,0],"flips":[],"affine":null,"placed":true}', 1, 16, 16, 'd1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1', '["The spacing between columns is unknown."]', '2026-11-20 08:10:00.123456', 'a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3', 'c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3', 0);
INSERT INTO scans (id, patient_id, content_sha256, status, failure, task, modality, body_part, sequence, sequence_key, manufacturer, scanner, site, acquired_at, sex, age_years, study_uid, series_uid, slice_mm, row_mm, column_mm, grid, slices, height, width, uploaded_by, warnings, created_at, synthetic)
  VALUES ('b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3', '68e3f1e03d2d466dac900d5fd767bba6', '00f83f11aa0e443d8e5691a805dc59dd00f83f11aa0e443d8e5691a805dc59dd', 'failed', 'The file ended early.', 'brain-tumour', 'MR', 'BRAIN', 'T2 FLAIR ax', 't2 flair ax', 'Siemens', 'Skyra', 'Ward 3', '2026-11-20 08:00:00.123456', 'F', 61.5, '1.2', '1.3', 5.0, 1.0, 1.0, '{"kind":"nifti","shape":[16,16,3],"axes":[2,1,0],"flips":[1],"affine":[[1.0,0.0,0.0,-8.0],[0.0,1.0,0.0,-8.0],[0.0,0.0,5.0,0.0],[0.0,0.0,0.0,1.0]],"placed":true}', 3, 16, 16, 'd1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1', '["The spacing between columns is unknown."]', '2026-11-20 08:20:00.123456', 0);
INSERT INTO results (id, scan_id, task, positive, probability, threshold, model_name, model_version, volume_ml, longest_diameter_mm, provenance, measurements, has_mask, has_heatmap, created_at)
  VALUES ('a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1', 'b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1', 'brain-tumour', 1, 0.93, 0.5, 'brain-tumour', '3', 12.5, 31.0, '{"model_name":"brain-tumour","model_version":"3","weights_sha256":"abababababababababababababababababababababababababababababababab","preprocessing":"v1","input_sha256":"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd","device":"cpu","dtype":"bfloat16","software":"0.1","timings_ms":{"read":12.5}}', '{"voxels":1300,"volume_ml":12.5,"slices_touched":7,"touches_border":false,"lesions":[{"box":{"slices":[3,9],"rows":[20,44],"columns":[51,80]},"voxels":1300,"volume_ml":12.5,"area_mm2":480.25,"longest_diameter_mm":31.0,"perpendicular_diameter_mm":20.0,"longest_diameter_px":33.0,"perpendicular_diameter_px":21.0,"largest_slice":6,"centroid":[6.1,30.2,64.3],"position_mm":[-12.0,4.0,30.0],"longest_ends":[[21.0,52.0],[40.0,79.0]],"perpendicular_ends":[[25.0,70.0],[38.0,60.0]]}]}', 1, 0, '2026-11-20 08:01:00.123456');
INSERT INTO results (id, scan_id, task, positive, probability, threshold, model_name, model_version, volume_ml, longest_diameter_mm, provenance, measurements, has_mask, has_heatmap, created_at, estimated_dice, head_row, head_column)
  VALUES ('a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2', 'b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1', 'brain-tumour', 1, 0.81, 0.5, 'brain-tumour', '3', 12.5, 31.0, '{"model_name":"brain-tumour","model_version":"3","weights_sha256":"abababababababababababababababababababababababababababababababab","preprocessing":"v1","input_sha256":"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd","device":"cpu","dtype":"bfloat16","software":"0.1","timings_ms":{"read":12.5}}', '{"voxels":1300,"volume_ml":12.5,"slices_touched":7,"touches_border":false,"lesions":[{"box":{"slices":[3,9],"rows":[20,44],"columns":[51,80]},"voxels":1300,"volume_ml":12.5,"area_mm2":480.25,"longest_diameter_mm":31.0,"perpendicular_diameter_mm":20.0,"longest_diameter_px":33.0,"perpendicular_diameter_px":21.0,"largest_slice":6,"centroid":[6.1,30.2,64.3],"position_mm":[-12.0,4.0,30.0],"longest_ends":[[21.0,52.0],[40.0,79.0]],"perpendicular_ends":[[25.0,70.0],[38.0,60.0]]}]}', 1, 0, '2026-11-20 08:02:00.123456', 0.77, 0.4, 0.6);
INSERT INTO results (id, scan_id, task, positive, probability, threshold, model_name, model_version, provenance, has_mask, has_heatmap, created_at)
  VALUES ('a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3', 'b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2', 'pneumonia', 1, 0.93, 0.5, 'pneumonia', '1', '{"model_name":"pneumonia","model_version":"1","weights_sha256":"abababababababababababababababababababababababababababababababab","preprocessing":"v1","input_sha256":"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd","device":"cpu","dtype":"bfloat16","software":"0.1","timings_ms":{"read":12.5}}', 0, 1, '2026-11-20 08:11:00.123456');
INSERT INTO reviews (id, scan_id, result_id, verdict, reason, reviewer_id, reviewer_name, truth_positive, created_at)
  VALUES ('c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1', 'b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1', 'a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1', 'rejected', 'A vein.', 'd1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1', 'Dr Ada', 0, '2026-11-20 08:03:00.123456');
INSERT INTO reviews (id, scan_id, result_id, verdict, reason, reviewer_id, reviewer_name, volume_ml, longest_diameter_mm, measurements, dice, truth_positive, created_at)
  VALUES ('c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2', 'b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1', 'a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2', 'corrected', 'A rim was missed.', 'd1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1', 'Dr Ada', 14.0, 33.0, '{"voxels":1300,"volume_ml":14.0,"slices_touched":7,"touches_border":false,"lesions":[{"box":{"slices":[3,9],"rows":[20,44],"columns":[51,80]},"voxels":1300,"volume_ml":14.0,"area_mm2":480.25,"longest_diameter_mm":33.0,"perpendicular_diameter_mm":20.0,"longest_diameter_px":33.0,"perpendicular_diameter_px":21.0,"largest_slice":6,"centroid":[6.1,30.2,64.3],"position_mm":[-12.0,4.0,30.0],"longest_ends":[[21.0,52.0],[40.0,79.0]],"perpendicular_ends":[[25.0,70.0],[38.0,60.0]]}]}', 0.84, 1, '2026-11-20 08:04:00.123456');
INSERT INTO reviews (id, scan_id, result_id, verdict, reviewer_id, reviewer_name, truth_positive, created_at)
  VALUES ('c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3', 'b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2', 'a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3', 'accepted', 'd1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1', 'Dr Ada', 1, '2026-11-20 08:12:00.123456');
INSERT INTO uploads (id, user_id, name, size, received, state, sha256, scan_ids, known_scan_ids, refusals, created_at)
  VALUES ('ffffffffffffffffffffffffffffffff', 'd1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1', 'brain.nii.gz', 1234, 1234, 'done', 'efefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefef', '["b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1"]', '[]', '[]', '2026-11-20 08:00:00.123456');
INSERT INTO jobs (id, kind, subject, run_id, state, cancel_requested, progress, attempts, user_id, created_at, started_at, finished_at)
  VALUES ('44444444444444444444444444444444', 'read', 'b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1', '55555555555555555555555555555555', 'done', 0, 1.0, 1, 'd1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1', '2026-11-20 08:00:00.123456', '2026-11-20 08:00:00.123456', '2026-11-20 08:00:00.123456');
INSERT INTO audit_events (id, at, action, subject, detail)
  VALUES (1, '2026-11-26 09:19:38.072590', 'account created', 'd1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1', 'ada, clinician');
INSERT INTO audit_events (id, at, user_id, action, subject, detail)
  VALUES (2, '2026-11-26 09:19:40.928673', 'd1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1', 'password changed', 'd1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1', '');
INSERT INTO audit_events (id, at, action, subject, detail)
  VALUES (3, '2026-11-26 09:19:41.912618', 'account created', 'd2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2', 'mel, mlops');
INSERT INTO audit_events (id, at, user_id, action, subject, detail)
  VALUES (4, '2026-11-26 09:19:41.929921', 'd1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1', 'token created', '6a6685a1fd4c44b9bbd9603610f5df51', 'pacs');
INSERT INTO audit_events (id, at, action, subject, detail)
  VALUES (5, '2026-11-26 09:19:43.074098', 'sign-in failed', '', 'nobody');
INSERT INTO audit_events (id, at, user_id, action, subject, detail)
  VALUES (6, '2026-11-20 08:00:00.123456', 'd1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1', 'review.corrected', 'b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1', '');
DELETE FROM revisions;
INSERT INTO revisions (name, value)
  VALUES ('scans', 10);
INSERT INTO revisions (name, value)
  VALUES ('patients', 3);
INSERT INTO revisions (name, value)
  VALUES ('users', 3);
INSERT INTO ledger (line, scan_id, changed, gone, patient_id, created_us, acquired_us, task, status, modality, sequence, scanner, site, sex, age_years, synthetic, version, positive, probability, has_mask, volume_ml, longest_diameter_mm, estimated_dice, read_us, head_row, head_column, verdict, truth_positive, dice, reviewed_us)
  VALUES (1, 'b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1', 5, 0, 'aaa6beca076e458392991c382c24863b', 1795161600123456, 1795161600123456, 'brain-tumour', 'read', 'MR', 'T2 FLAIR ax', 'Siemens Skyra', 'Ward 3', 'F', 61.5, 0, '3', 1, 0.81, 1, 14.0, 33.0, 0.77, 1795161720123456, 0.4, 0.6, 'corrected', 1, 0.84, 1795161840123456);
INSERT INTO ledger (line, scan_id, changed, gone, patient_id, created_us, acquired_us, task, status, modality, scanner, site, sex, age_years, synthetic, version, positive, probability, has_mask, read_us, verdict, truth_positive, reviewed_us)
  VALUES (2, 'b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2', 8, 0, '03118561f7784f5eadf9c9fa99d2e50d', 1795162200123456, 1795161600123456, 'pneumonia', 'read', 'DX', 'Siemens Skyra', 'Ward 3', 'F', 61.5, 0, '1', 1, 0.93, 0, 1795162260123456, 'accepted', 1, 1795162320123456);
INSERT INTO ledger (line, scan_id, changed, gone, patient_id, created_us, acquired_us, task, status, modality, sequence, scanner, site, sex, age_years, synthetic)
  VALUES (3, 'b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3', 10, 0, '68e3f1e03d2d466dac900d5fd767bba6', 1795162800123456, 1795161600123456, 'brain-tumour', 'failed', 'MR', 'T2 FLAIR ax', 'Siemens Skyra', 'Ward 3', 'F', 61.5, 0);
INSERT INTO refusals (id, name, code, sentence, modality, scanner, site, created_at)
  VALUES ('6718b3d8beba4a79b8167c596c91652e', 'knee.dcm', 'body_part', 'This MRI is of the knee; Lightbox reads brain MRI and chest X-rays.', 'MR', 'Siemens Skyra', 'Ward 3', '2026-11-20 08:00:00.123456');
INSERT INTO views (id, name, name_key, query, made_by, created_at)
  VALUES ('66666666666666666666666666666666', 'North', 'north', 'site=North&task=brain-tumour', 'd1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1', '2026-11-20 08:00:00.123456');
INSERT INTO imports (id, folder, labels, state, user_id, created_at, finished_at)
  VALUES ('dddddddddddddddddddddddddddddddd', '/srv/scans', '/srv/labels.csv', 'done', 'd1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1', '2026-11-20 08:00:00.123456', '2026-11-20 09:00:00.123456');
INSERT INTO import_items (id, import_id, number, name, files, stacked, state, scan_ids, refusals, added, known, labelled, refused)
  VALUES ('eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', 'dddddddddddddddddddddddddddddddd', 1, 'a/brain.nii.gz', '[{"path": "a/brain.nii.gz", "name": null, "row": 2, "mask": null}]', 0, 'done', '["b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1"]', '[]', 1, 0, 1, 0);
INSERT INTO features (result_id, scan_id, task, version, created_us, synthetic, p50, mean, noise, slices, probability, volume_ml, lesions, age_years, hour, sex, site, scanner)
  VALUES ('a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1', 'b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1', 'brain-tumour', '3', 1795161660123456, 0, 0.5, 0.5, 0.03, 3.0, 0.93, 12.5, 1.0, 61.5, 8.0, 'F', 'Ward 3', 'Siemens Skyra');
INSERT INTO features (result_id, scan_id, task, version, created_us, synthetic, p50, mean, noise, slices, probability, volume_ml, lesions, age_years, hour, sex, site, scanner)
  VALUES ('a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2', 'b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1', 'brain-tumour', '3', 1795161720123456, 0, 0.5, 0.5, 0.03, 3.0, 0.81, 12.5, 1.0, 61.5, 8.0, 'F', 'Ward 3', 'Siemens Skyra');
INSERT INTO features (result_id, scan_id, task, version, created_us, synthetic, p50, mean, noise, slices, probability, volume_ml, lesions, age_years, hour, sex, site, scanner)
  VALUES ('a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3', 'b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2', 'pneumonia', '3', 1795162260123456, 0, 0.5, 0.5, 0.03, 3.0, 0.93, 12.5, 1.0, 61.5, 8.0, 'F', 'Ward 3', 'Siemens Skyra');
INSERT INTO embeddings (result_id, vector)
  VALUES ('a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1', X'0000003c004000420044004500460047');
INSERT INTO embeddings (result_id, vector)
  VALUES ('a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2', X'0000003c004000420044004500460047');
INSERT INTO embeddings (result_id, vector)
  VALUES ('a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3', X'0000003c004000420044004500460047');
INSERT INTO drift_references (id, name, name_key, task, version, kind, query, n, sha256, made_by, created_at)
  VALUES ('11111111111111111111111111111111', 'Autumn', 'autumn', 'brain-tumour', '3', 'period', 'from=2026-10-01', 40, 'abababababababababababababababababababababababababababababababab', 'd2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2', '2026-11-20 08:00:00.123456');
INSERT INTO drift_runs (id, task, version, reference_id, reference_name, ask, state, severity, reference_n, current_n, drifted, watched, snapshot_sha256, asked_by, created_at, finished_at)
  VALUES ('22222222222222222222222222222222', 'brain-tumour', '3', '11111111111111111111111111111111', 'Autumn', '{"task":"brain-tumour","reference_id":"11111111111111111111111111111111","last":100,"first":null,"to":null,"query":"site=North"}', 'done', 'warning', 40, 60, 1, 2, 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', 'd2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2', '2026-11-20 08:00:00.123456', '2026-11-20 08:00:00.123456');
INSERT INTO review_requests (id, scan_id, task, why, asked_by, asked_name, created_at)
  VALUES ('77777777777777777777777777777777', 'b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1', 'brain-tumour', 'It pulls noise.', 'd2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2', 'Mel Ops', '2026-11-20 08:00:00.123456');
INSERT INTO schedules (id, name, kind, ask, cron, active, last_due_at, last_run_at, made_by, created_at)
  VALUES ('88888888888888888888888888888888', 'Nightly drift', 'drift', '{"task":"brain-tumour","reference_id":null,"last":1000,"first":null,"to":null,"query":""}', '0 3 * * *', 0, '2026-11-20 08:00:00.123456', '2026-11-20 08:00:00.123456', 'lightbox', '2026-11-20 08:00:00.123456');
INSERT INTO alerts (id, cause, severity, title, sentence, link, state, times, first_at, last_at, decided_by, decided_name, decided_at, why, closed_at, tellings, told_to)
  VALUES ('99999999999999999999999999999999', 'drift:brain-tumour', 'warning', 'Drift: brain tumour', 'Noise has risen.', '/drift?run=22222222222222222222222222222222', 'closed', 2, '2026-11-20 08:00:00.123456', '2026-11-20 08:00:00.123456', 'd2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2', 'Mel Ops', '2026-11-20 08:00:00.123456', 'A new coil.', '2026-11-20 08:00:00.123456', 0, '[]');
INSERT INTO promotions (id, task, version, from_version, kind, state, gate, overridden, reason, asked_by, asked_name, asked_at, decided_by, decided_name, decided_at, decision)
  VALUES ('cccccccccccccccccccccccccccccccc', 'brain-tumour', '3', '2', 'promotion', 'done', '{"verdict":"pass","sentence":"It is as good as the live one.","rehearsal_id":"r1","checks":[{"name":"recall","difference":0.01,"low":-0.02,"high":0.04,"n":30,"margin":0.05,"verdict":"pass","sentence":"Recall held."}]}', 0, 'Better recall.', 'd2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2', 'Mel Ops', '2026-11-20 08:00:00.123456', 'd2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2', 'Mel Ops', '2026-11-20 08:01:00.123456', 'Agreed.');
INSERT INTO reports (id, kind, title, ask, state, files, signed, made_by, made_name, created_at, made_at)
  VALUES ('33333333333333333333333333333333', 'performance', 'Performance: brain-tumour', '{"task":"brain-tumour"}', 'made', '{"json": "5d466d23ece50c0d2c2bda1ad6c1af35938f1170eecf873f78b26cfd466ce949"}', 0, 'd2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2', 'Mel Ops', '2026-11-20 08:00:00.123456', '2026-11-20 08:00:00.123456');
INSERT INTO goals (task, metric, goal, alert_limit, set_by, set_at)
  VALUES ('brain-tumour', 'recall', 0.95, 0.9, 'Prof Head', '2026-11-20 08:00:00.123456');
