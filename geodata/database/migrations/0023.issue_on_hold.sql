-- depends: 0022.plan_files
-- The English name of 挂账: "hung up" is what one does with a telephone.

UPDATE issue_state SET name_en = 'On hold' WHERE state = 'suspended';
