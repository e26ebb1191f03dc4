"""Estimators of scikit-learn, taught with tensors."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="pip install scikit-learn (part of the extra 'test')")

from sklearn import (  # noqa: E402
    cluster,
    datasets,
    decomposition,
    ensemble,
    linear_model,
    metrics,
    model_selection,
    neighbors,
    pipeline,
    preprocessing,
    svm,
)


def program(xp):
    images, digits = (xp.asarray(part) for part in datasets.load_digits(return_X_y=True))
    images, digits = images[:600], digits[:600]
    train, test, train_digits, test_digits = model_selection.train_test_split(
        images, digits, test_size=0.25, random_state=0
    )
    model = pipeline.make_pipeline(
        preprocessing.StandardScaler(),
        decomposition.PCA(20, random_state=0),
        linear_model.LogisticRegression(max_iter=500),
    )
    model.fit(train, train_digits)
    predicted = model.predict(test)

    folds = model_selection.cross_val_score(svm.SVC(gamma=0.001), images, digits, cv=3)
    search = model_selection.GridSearchCV(
        neighbors.KNeighborsClassifier(), {"n_neighbors": [1, 5]}, cv=3
    ).fit(train, train_digits)
    forest = ensemble.RandomForestClassifier(n_estimators=5, random_state=0)

    points = xp.random.default_rng(6).standard_normal((90, 2))
    points[:30] += 6.0
    points[30:60, 0] -= 6.0
    means = cluster.KMeans(3, n_init=3, random_state=0).fit(points)
    target = points @ xp.asarray([2.0, -1.0]) + 0.5
    line = linear_model.Ridge(alpha=0.1).fit(points, target)
    return {
        "predicted": predicted,
        "probability": model.predict_proba(test),
        "accuracy": metrics.accuracy_score(test_digits, predicted),
        "confusion": metrics.confusion_matrix(test_digits, predicted),
        "folds": folds,
        "neighbours": search.best_params_["n_neighbors"],
        "forest": forest.fit(train, train_digits).predict(test),
        "clusters": means.labels_,
        "centres": means.cluster_centers_,
        "silhouette": metrics.silhouette_score(points, means.labels_),
        "density": cluster.DBSCAN(eps=1.5).fit_predict(points),
        "line": line.coef_,
        "r2": line.score(points, target),
    }


def test_estimators(same_numbers):
    result = same_numbers(program, rtol=1e-5, atol=1e-7)
    assert result["accuracy"] > 0.9
    np.testing.assert_allclose(result["line"], [2.0, -1.0], atol=0.01)
